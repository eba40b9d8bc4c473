package io.whetstone.trainer.config;

import io.whetstone.datasets.settings.Default;
import io.whetstone.datasets.settings.Key;

/**
 * How the learning rate moves: a linear rise over {@code warmup} steps, then from the full rate to
 * {@code final} times it at the stage's last step.
 *
 * @param kind constant stays at the full rate
 * @param warmup steps
 * @param finalFraction of the full rate, written {@code final}
 */
public record Schedule(
    @Default(value = "\"constant\"", source = "TRL GRPO recipes; DAPO §4.1") Kind kind,
    @Default(value = "0", source = "none") int warmup,
    @Key("final") @Default(value = "0.1", source = "Chinchilla, Hoffmann et al. 2022, fig. A1")
        double finalFraction) {

  /** The curve after the warmup. */
  public enum Kind {
    CONSTANT,
    COSINE,
    LINEAR
  }

  public Schedule {
    Range.atLeast("warmup", warmup, 0);
    Range.within("final", finalFraction, 0, 1);
  }

  /** Fails where the warmup takes all of a stage's steps. */
  void requireWithin(int steps) {
    if (warmup >= steps) {
      throw new IllegalArgumentException(
          "schedule.warmup: " + warmup + " is not less than the stage's " + steps + " steps");
    }
  }
}
