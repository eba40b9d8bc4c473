package io.whetstone.rewards.deeplearning4j;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

class TextFeaturesTest {
  @Test
  void countsWhatIsThere() {
    String text = "<think>37+58=95;95+12=107</think><answer>107</answer>";
    float[] features = new TextFeatures(0, 1).of(text);
    int length = text.length();
    float[] expected = {
      length, (float) StrictMath.log1p(length), 16, 16f / length, 1, 1, 1, 1, 2, 26
    };
    expected[9] = text.indexOf("</think>");
    assertArrayEquals(expected, features);
  }

  @Test
  void everyGramFallsIntoABucket() {
    TextFeatures features = new TextFeatures(16, 3);
    float[] of = features.of("abcdef");
    assertEquals(features.size(), of.length);
    double counted = 0;
    for (float bucket : Arrays.copyOfRange(of, 10, 26)) {
      counted += Math.abs(bucket);
    }
    assertEquals(0, (4 - counted) % 2, "four grams, of which pairs may cancel");
    assertArrayEquals(of, features.of("abcdef"));
    assertNotEquals(Arrays.toString(of), Arrays.toString(features.of("abcdeg")));
  }

  @Test
  void anEmptyTextHasFeaturesToo() {
    assertArrayEquals(new float[12], new TextFeatures(2, 4).of(""));
  }
}
