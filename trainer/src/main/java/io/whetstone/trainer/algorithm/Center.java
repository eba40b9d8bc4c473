package io.whetstone.trainer.algorithm;

/** The baseline b that a reward is compared with. */
public enum Center {
  /** The mean of the group's rewards (GRPO, Shao et al. 2024, §4.1.2). */
  GROUP_MEAN,
  /** The mean of the group's other rewards (RLOO, Ahmadian et al. 2024). */
  LEAVE_ONE_OUT,
  /**
   * The group's rewards weighted by length, Σ l r / Σ l: the baseline of least variance where every
   * token's gradient has the same norm (OPO, Hao et al. 2025).
   */
  LENGTH_WEIGHTED,
  /** The reward of the greedy completion (ReMax, Li et al. 2023). */
  GREEDY,
  /** The mean of the step's rewards. */
  BATCH_MEAN,
  /** 0: the reward is the advantage. */
  NONE;

  /** Whether it is computed from the group's own rewards, so that equal rewards give 0. */
  boolean ofGroup() {
    return this == GROUP_MEAN || this == LEAVE_ONE_OUT || this == LENGTH_WEIGHTED;
  }

  /** The baseline of one completion. */
  double baseline(double own, Moments group, double lengthWeighted, double greedy, Moments batch) {
    return switch (this) {
      case GROUP_MEAN -> group.mean();
      case LEAVE_ONE_OUT -> (group.mean() * group.mass() - own) / (group.mass() - 1);
      case LENGTH_WEIGHTED -> lengthWeighted;
      case GREEDY -> greedy;
      case BATCH_MEAN -> batch.mean();
      case NONE -> 0;
    };
  }
}
