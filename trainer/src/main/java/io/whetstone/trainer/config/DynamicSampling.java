package io.whetstone.trainer.config;

import io.whetstone.datasets.settings.Default;

/**
 * Groups whose rewards are all alike teach nothing: drop them and draw others instead (DAPO §3.2).
 *
 * @param maxAttempts rounds of drawing in one step; after the last, the step goes on with what it
 *     has
 * @param overDraw tasks drawn for each one that is missing, rounded up: more than 1 saves rounds
 *     and throws surplus groups away
 * @param lowestPassRate groups with a smaller share of right completions are dropped too
 * @param highestPassRate and those with a larger one
 */
public record DynamicSampling(
    @Default(value = "false", source = "GRPO, Shao et al. 2024") boolean enabled,
    @Default(value = "3", source = "rollouts of a step at most tripled") int maxAttempts,
    @Default(value = "1", source = "nothing is thrown away that could be used; DAPO's code has 3")
        double overDraw,
    @Default(
            value = "0",
            source = "DAPO, Yu et al. 2025, eq. 11: only groups all alike are dropped")
        double lowestPassRate,
    @Default(value = "1", source = "DAPO, Yu et al. 2025, eq. 11") double highestPassRate) {

  public DynamicSampling {
    Range.atLeast("max-attempts", maxAttempts, 1);
    Range.within("over-draw", overDraw, 1, 16);
    Range.within("lowest-pass-rate", lowestPassRate, 0, 1);
    Range.within("highest-pass-rate", highestPassRate, 0, 1);
    if (lowestPassRate > highestPassRate) {
      throw new IllegalArgumentException(
          "lowest-pass-rate: "
              + lowestPassRate
              + " is more than highest-pass-rate, which is "
              + highestPassRate);
    }
    if (!enabled && (overDraw != 1 || lowestPassRate != 0 || highestPassRate != 1)) {
      throw new IllegalArgumentException(
          "enabled: false, but other keys ask for something; set enabled: true or leave them out");
    }
  }

  /** Whether groups are chosen by their share of right completions. */
  public boolean limitsPassRate() {
    return lowestPassRate > 0 || highestPassRate < 1;
  }
}
