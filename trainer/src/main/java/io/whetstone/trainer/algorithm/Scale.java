package io.whetstone.trainer.algorithm;

/** What the difference from the baseline is divided by. */
public enum Scale {
  /** The standard deviation of the group's rewards, plus ε (GRPO). */
  GROUP_STD,
  /**
   * The standard deviation of all kept groups' rewards (rewards, not differences), plus ε (Liu et
   * al. 2025, "Tricks or traps? A deep dive into RL for LLM reasoning").
   */
  BATCH_STD,
  /**
   * The mean of the group's rewards, plus ε: in expectation the gradient of log pass rate, to the
   * order that the group allows (MaxRL, Tajwar et al. 2026). Rewards must be ≥ 0.
   */
  GROUP_MEAN,
  /** Nothing (Dr. GRPO, Liu et al. 2025). */
  NONE;

  /** Whether it is computed from the group's own rewards. */
  boolean ofGroup() {
    return this == GROUP_STD || this == GROUP_MEAN;
  }

  /** The divisor of a group's differences. */
  double divisor(Moments group, Moments batch, Deviation form, double epsilon) {
    return switch (this) {
      case GROUP_STD -> group.deviation(form) + epsilon;
      case BATCH_STD -> batch.deviation(form) + epsilon;
      case GROUP_MEAN -> {
        if (group.least() < 0) {
          throw new IllegalArgumentException(
              "advantage scale group-mean: a reward is %s; expected rewards of at least 0"
                  .formatted(group.least()));
        }
        yield group.mean() + epsilon;
      }
      case NONE -> 1;
    };
  }
}
