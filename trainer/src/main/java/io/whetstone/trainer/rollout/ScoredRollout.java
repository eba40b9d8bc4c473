package io.whetstone.trainer.rollout;

import io.whetstone.rewards.Candidate;
import io.whetstone.rewards.Group;
import io.whetstone.rewards.ScoredGroup;

/** A group with its scores; completion i of the one is candidate i of the other. */
public record ScoredRollout(Rollout rollout, ScoredGroup scores) {

  /** The group as rewards see it. */
  public static Group toGroup(Rollout rollout, String assistantPrefix) {
    return new Group(
        rollout.visit().task(),
        assistantPrefix,
        rollout.completions().stream()
            .map(c -> new Candidate(c.text(), c.ids(), c.stop().text()))
            .toList());
  }

  /** Rewards by completion, NaN where absent. */
  public double[] rewards() {
    return scores.totals().stream().mapToDouble(t -> t.orElse(Double.NaN)).toArray();
  }
}
