package io.whetstone.trainer.config;

import io.whetstone.datasets.settings.Default;

/**
 * How rewards become advantages: the reward less its group's mean, divided by the scale.
 *
 * @param scale what it is divided by
 * @param std which standard deviation: over n or over n − 1
 * @param stdEpsilon added to the standard deviation
 */
public record Advantage(
    @Default(value = "\"group-std\"", source = "GRPO, Shao et al. 2024, §4.1.2") Scale scale,
    @Default(value = "\"sample\"", source = "torch.std's default, which TRL and verl use") Std std,
    @Default(value = "1e-4", source = "TRL's GRPOTrainer") double stdEpsilon) {

  /** What the difference from the group's mean is divided by. */
  public enum Scale {
    /** The standard deviation of the group's rewards. */
    GROUP_STD,
    /** The standard deviation of the whole step's rewards. */
    BATCH_STD,
    /** Nothing (Dr. GRPO). */
    NONE
  }

  /** Which standard deviation. */
  public enum Std {
    POPULATION,
    SAMPLE
  }

  public Advantage {
    Range.notNegative("std-epsilon", stdEpsilon);
  }
}
