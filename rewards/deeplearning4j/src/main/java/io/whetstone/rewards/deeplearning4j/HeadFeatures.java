package io.whetstone.rewards.deeplearning4j;

import io.whetstone.rewards.models.HeadInput;
import io.whetstone.rewards.models.TextHeadSettings.Features;
import java.util.Arrays;
import java.util.Locale;

/**
 * What a head looks at of a completion: its text's numbers, the hidden state at its end, or the one
 * after the other.
 *
 * @param text of no use with {@code HIDDEN}
 */
record HeadFeatures(TextFeatures text, Features which) {

  float[] of(HeadInput input) {
    if (which.hidden() && input.hidden().length == 0) {
      throw new IllegalArgumentException("hidden: is empty; the head looks at a hidden state");
    }
    float[] counts = which.text() ? text.of(input.text()) : new float[0];
    if (!which.hidden()) {
      return counts;
    }
    float[] all = Arrays.copyOf(counts, counts.length + input.hidden().length);
    System.arraycopy(input.hidden(), 0, all, counts.length, input.hidden().length);
    return all;
  }

  /** {@code BUCKETS GRAM WHICH}. */
  String written() {
    return text.buckets() + " " + text.gram() + " " + which.name().toLowerCase(Locale.ROOT);
  }

  /**
   * Reads what {@link #written} gave; heads of before there were others look at the text.
   *
   * @throws IllegalArgumentException where it is something else
   */
  static HeadFeatures read(String written) {
    String[] words = written.strip().split(" ");
    if (words.length < 2 || words.length > 3) {
      throw new IllegalArgumentException(words.length + " words");
    }
    return new HeadFeatures(
        new TextFeatures(Integer.parseInt(words[0]), Integer.parseInt(words[1])),
        words.length == 2 ? Features.TEXT : Features.valueOf(words[2].toUpperCase(Locale.ROOT)));
  }
}
