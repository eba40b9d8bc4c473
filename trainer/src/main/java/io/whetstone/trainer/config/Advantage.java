package io.whetstone.trainer.config;

import io.whetstone.datasets.settings.Default;
import io.whetstone.trainer.algorithm.Center;
import io.whetstone.trainer.algorithm.Deviation;
import io.whetstone.trainer.algorithm.Scale;
import io.whetstone.trainer.algorithm.Supervision;
import io.whetstone.trainer.algorithm.Whitening;

/**
 * How rewards become advantages: the reward less its baseline, divided by the scale.
 * docs/paper-index.md has the settings of each paper.
 *
 * @param center the baseline
 * @param scale what the difference is divided by
 * @param std which standard deviation: over n or over n − 1
 * @param stdEpsilon added to the divisor
 * @param passK more than 1: a completion is worth the best of the sets of so many it is in
 * @param perReward each reward is normalized apart, then they are summed
 * @param supervision whether completions, their steps or both are rewarded
 * @param dropWithoutVariance leave groups whose rewards are all equal out of the loss and its
 *     means; dynamic sampling does it in any case
 * @param compensate multiply by completions / completions of groups that teach
 * @param whitening a last normalization over the whole step
 */
public record Advantage(
    @Default(value = "\"group-mean\"", source = "GRPO, Shao et al. 2024, §4.1.2") Center center,
    @Default(value = "\"group-std\"", source = "GRPO, Shao et al. 2024, §4.1.2") Scale scale,
    @Default(value = "\"sample\"", source = "torch.std's default, which TRL and verl use")
        Deviation std,
    @Default(value = "1e-4", source = "TRL's GRPOTrainer") double stdEpsilon,
    @Default(value = "1", source = "GRPO: a completion by itself") int passK,
    @Default(value = "false", source = "GRPO; GDPO, Liu et al. 2026, says true") boolean perReward,
    @Default(value = "\"outcome\"", source = "GRPO, Shao et al. 2024, §4.1.2")
        Supervision supervision,
    @Default(value = "false", source = "GRPO, Shao et al. 2024") boolean dropWithoutVariance,
    @Default(value = "false", source = "GRPO; GPG, Chu et al. 2025, says true") boolean compensate,
    @Default(value = "\"none\"", source = "GRPO, Shao et al. 2024") Whitening whitening) {

  public Advantage {
    Range.notNegative("std-epsilon", stdEpsilon);
    Range.atLeast("pass-k", passK, 1);
    if (passK > 1
        && !(center == Center.GROUP_MEAN && (scale == Scale.GROUP_STD || scale == Scale.NONE))) {
      throw new IllegalArgumentException(
          "pass-k: "
              + passK
              + " compares sets within a group; expected center: group-mean and scale: group-std"
              + " or none");
    }
    if (perReward && center == Center.GREEDY) {
      throw new IllegalArgumentException(
          "per-reward: true has no greedy value for each reward; expected another center");
    }
    if (supervision != Supervision.OUTCOME && !(scale == Scale.GROUP_STD || scale == Scale.NONE)) {
      throw new IllegalArgumentException(
          "supervision: steps are normalized over their group; expected scale: group-std or none");
    }
  }

  /** Whether a completion is compared with others of its group. */
  boolean comparesWithinGroup() {
    return scale == Scale.GROUP_STD
        || scale == Scale.GROUP_MEAN
        || center == Center.GROUP_MEAN
        || center == Center.LEAVE_ONE_OUT
        || center == Center.LENGTH_WEIGHTED;
  }
}
