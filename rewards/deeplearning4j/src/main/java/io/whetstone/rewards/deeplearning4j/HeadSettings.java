package io.whetstone.rewards.deeplearning4j;

import java.util.List;

/**
 * How a head is built and trained.
 *
 * @param hidden widths of its hidden layers; none makes it logistic regression
 * @param learningRate Adam's
 * @param decay of the weights (L2)
 * @param batch examples an update
 * @param epochs over the examples at most
 * @param patience epochs without a better held-out loss before training stops
 * @param seed of the weights and of the order
 */
public record HeadSettings(
    List<Integer> hidden,
    double learningRate,
    double decay,
    int batch,
    int epochs,
    int patience,
    long seed) {
  /** One hidden layer of 32, Adam's usual rate. */
  public static final HeadSettings DEFAULT =
      new HeadSettings(List.of(32), 1e-3, 1e-4, 32, 100, 5, 0);

  public HeadSettings {
    hidden = List.copyOf(hidden);
    for (int width : hidden) {
      atLeastOne("hidden", width);
    }
    atLeastOne("batch", batch);
    atLeastOne("epochs", epochs);
    atLeastOne("patience", patience);
    if (!(learningRate > 0) || !(decay >= 0)) {
      throw new IllegalArgumentException(
          "learning-rate " + learningRate + ", decay " + decay + ": expected > 0 and ≥ 0");
    }
  }

  private static void atLeastOne(String what, int value) {
    if (value < 1) {
      throw new IllegalArgumentException(what + ": " + value + " is not at least 1");
    }
  }
}
