package io.whetstone.trainer.config;

import io.whetstone.datasets.settings.Default;

/**
 * Groups whose rewards are all alike teach nothing: drop them and draw others instead (DAPO §3.2).
 *
 * @param maxAttempts rounds of drawing in one step; after the last, the step goes on with what it
 *     has
 */
public record DynamicSampling(
    @Default(value = "false", source = "GRPO, Shao et al. 2024") boolean enabled,
    @Default(value = "3", source = "rollouts of a step at most tripled") int maxAttempts) {

  public DynamicSampling {
    Range.atLeast("max-attempts", maxAttempts, 1);
  }
}
