package io.whetstone.trainer.algorithm;

/**
 * Skywork-OR1's control of the entropy bonus (He et al. 2025): after each update the coefficient
 * rises by {@code delta} where the entropy is at most the target and falls by it otherwise; it acts
 * only while the entropy is at most the target.
 *
 * @param target nats a token
 * @param delta how much the coefficient moves
 * @param least lower bound of the coefficient
 * @param most upper bound of the coefficient
 */
public record AdaptiveEntropy(double target, double delta, double least, double most) {
  /** The next coefficient. */
  public double next(double coefficient, double entropy) {
    return entropy <= target
        ? Math.min(coefficient + delta, most)
        : Math.max(coefficient - delta, least);
  }

  /**
   * The coefficient that acts.
   *
   * @param entropy last measured; ∞ before any was, when the bonus does not act
   */
  public double acting(double coefficient, double entropy) {
    return entropy > target ? 0 : coefficient;
  }
}
