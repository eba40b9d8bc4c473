package io.whetstone.trainer.algorithm;

/**
 * Turns what a step's completions earned into advantages.
 *
 * <p>All groups of a step are given at once, since some estimators look past the group (a standard
 * deviation over the batch).
 */
public interface AdvantageEstimator {
  /** The advantages of every completion, in the batch's order. The batch is not changed. */
  Advantages estimate(RewardBatch batch);
}
