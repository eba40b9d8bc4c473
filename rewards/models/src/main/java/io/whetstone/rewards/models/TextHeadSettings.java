package io.whetstone.rewards.models;

import io.whetstone.datasets.settings.Default;
import java.util.List;

/**
 * A small head over what a completion's text looks like, or over the policy's hidden state at its
 * end, and when its training stops.
 *
 * @param features what it looks at
 * @param hidden widths of its hidden layers; none makes it logistic regression
 * @param decay of the weights (L2)
 * @param patience epochs without a better loss on examples that it does not learn from, before
 *     training stops
 * @param buckets of hashed character n-grams beside the counts, 0 for none
 * @param gram characters of an n-gram
 */
public record TextHeadSettings(
    @Default(value = "\"text\"", source = "needs no engine") Features features,
    @Default(value = "[32]", source = "small: features are few") List<Integer> hidden,
    @Default(value = "1e-4", source = "deeplearning4j's examples") double decay,
    @Default(value = "5", source = "epochs are short") int patience,
    @Default(value = "256", source = "docs/reward-models.md") int buckets,
    @Default(value = "3", source = "docs/reward-models.md") int gram) {

  /** What a head looks at. */
  public enum Features {
    /** Counts and hashed n-grams of the text. */
    TEXT,
    /**
     * The last hidden state, normed, at the completion's last token, of the policy as it was when
     * the head was trained: what a scalar head would see.
     */
    HIDDEN,
    /** The one after the other. */
    BOTH;

    public boolean text() {
      return this != HIDDEN;
    }

    public boolean hidden() {
      return this != TEXT;
    }
  }

  public TextHeadSettings {
    hidden = List.copyOf(hidden);
    for (int width : hidden) {
      atLeast("hidden", width, 1);
    }
    if (!(decay >= 0)) {
      throw new IllegalArgumentException("decay: " + decay + " is not 0 or more");
    }
    atLeast("patience", patience, 1);
    atLeast("buckets", buckets, 0);
    atLeast("gram", gram, 1);
  }

  private static void atLeast(String key, int value, int least) {
    if (value < least) {
      throw new IllegalArgumentException(key + ": " + value + " is not " + least + " or more");
    }
  }
}
