package io.whetstone.trainer.rollout;

import io.whetstone.rewards.ScoredGroup;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * A group with its scores; completion i of the one is candidate i of the other.
 *
 * @param greedy the scores of the greedy completion, a group of one; there where it is
 */
public record ScoredRollout(Rollout rollout, ScoredGroup scores, Optional<ScoredGroup> greedy) {
  public ScoredRollout {
    if (greedy.isPresent() != rollout.greedy().isPresent()) {
      throw new IllegalArgumentException(
          "a greedy completion and its scores come together: completion "
              + rollout.greedy().isPresent()
              + ", scores "
              + greedy.isPresent());
    }
  }

  /** A group without a greedy completion. */
  public ScoredRollout(Rollout rollout, ScoredGroup scores) {
    this(rollout, scores, Optional.empty());
  }

  /** Rewards by completion, NaN where absent. */
  public double[] rewards() {
    return scores.totals().stream().mapToDouble(t -> t.orElse(Double.NaN)).toArray();
  }

  /** The greedy completion's reward; NaN where there is no such completion or no reward for it. */
  public double baseline() {
    return greedy.map(g -> g.totals().getFirst()).orElse(OptionalDouble.empty()).orElse(Double.NaN);
  }
}
