package io.whetstone.trainer.rollout;

import io.whetstone.rewards.ScoredGroup;

/** A group with its scores; completion i of the one is candidate i of the other. */
public record ScoredRollout(Rollout rollout, ScoredGroup scores) {

  /** Rewards by completion, NaN where absent. */
  public double[] rewards() {
    return scores.totals().stream().mapToDouble(t -> t.orElse(Double.NaN)).toArray();
  }
}
