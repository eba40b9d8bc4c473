package io.whetstone.rewards.deeplearning4j;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.whetstone.rewards.models.HeadInput;
import io.whetstone.rewards.models.TextHeadSettings.Features;
import org.junit.jupiter.api.Test;

class HeadFeaturesTest {
  private static final TextFeatures TEXT = new TextFeatures(4, 2);
  private static final HeadInput INPUT = new HeadInput("1+2=3", new float[] {0.5f, -2});

  @Test
  void eachLooksAtItsOwn() {
    float[] text = TEXT.of("1+2=3");
    assertArrayEquals(text, new HeadFeatures(TEXT, Features.TEXT).of(INPUT));
    assertArrayEquals(INPUT.hidden(), new HeadFeatures(TEXT, Features.HIDDEN).of(INPUT));
    float[] both = new HeadFeatures(TEXT, Features.BOTH).of(INPUT);
    assertEquals(text.length + 2, both.length);
    assertEquals(text[0], both[0]);
    assertEquals(-2, both[text.length + 1]);
    assertThrows(
        IllegalArgumentException.class,
        () -> new HeadFeatures(TEXT, Features.BOTH).of(new HeadInput("1", new float[0])));
  }

  @Test
  void whatIsWrittenIsReadAgain() {
    for (Features which : Features.values()) {
      HeadFeatures features = new HeadFeatures(TEXT, which);
      assertEquals(features, HeadFeatures.read(features.written()));
    }
    assertEquals(new HeadFeatures(TEXT, Features.TEXT), HeadFeatures.read("4 2\n"));
    assertThrows(IllegalArgumentException.class, () -> HeadFeatures.read("4 2 inside"));
    assertThrows(IllegalArgumentException.class, () -> HeadFeatures.read("4"));
  }
}
