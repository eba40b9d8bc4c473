package io.whetstone.trainer.config;

import io.whetstone.datasets.settings.Default;

/**
 * How the steps of drawn completions get their labels.
 *
 * @param by where labels come from
 * @param estimate what the share of right continuations becomes
 * @param continuations drawn from each step's end
 */
public record Labeling(
    @Default(value = "\"rollouts\"", source = "Math-Shepherd, Wang et al. 2024, §3.2") By by,
    @Default(value = "\"hard\"", source = "Math-Shepherd, §5.1: both do as well") Estimate estimate,
    @Default(value = "8", source = "Math-Shepherd, §4.1") int continuations) {

  /** Where labels come from. */
  public enum By {
    /** A step is as good as the answers that the policy reaches from it. */
    ROLLOUTS,
    /** The task's own steps, where it has them: the yardstick, and an upper bound. */
    TRUTH
  }

  /** What the share of right continuations becomes. */
  public enum Estimate {
    /** 1 where any is right (Math-Shepherd, eq. 3). */
    HARD,
    /** The share itself (eq. 4). */
    SOFT
  }

  public Labeling {
    Range.atLeast("continuations", continuations, 1);
  }
}
