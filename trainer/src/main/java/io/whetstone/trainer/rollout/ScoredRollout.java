package io.whetstone.trainer.rollout;

import io.whetstone.rewards.ScoredGroup;

/**
 * A group with its scores; completion i of the one is candidate i of the other.
 *
 * @param greedy the total of the task's greedy completion; NaN where none was drawn, or it has none
 */
public record ScoredRollout(Rollout rollout, ScoredGroup scores, double greedy) {
  /** A group without a greedy completion. */
  public ScoredRollout(Rollout rollout, ScoredGroup scores) {
    this(rollout, scores, Double.NaN);
  }

  /** Rewards by completion, NaN where absent. */
  public double[] rewards() {
    return scores.totals().stream().mapToDouble(t -> t.orElse(Double.NaN)).toArray();
  }
}
