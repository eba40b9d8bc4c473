package io.whetstone.trainer.algorithm;

/**
 * Turns the rewards of a step's rollouts into advantages.
 *
 * <p>All groups of a step are given at once, since some estimators look past the group (a standard
 * deviation over the batch).
 */
public interface AdvantageEstimator {
  /**
   * The advantages of every completion.
   *
   * @param rewards {@code rewards[g][i]}: the reward of completion i of group g; groups may differ
   *     in size; NaN where the reward is absent (a verifier that failed). Not changed
   * @throws IllegalArgumentException where a reward is infinite
   */
  Advantages estimate(double[][] rewards);
}
