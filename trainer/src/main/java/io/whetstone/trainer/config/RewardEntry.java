package io.whetstone.trainer.config;

import io.whetstone.datasets.settings.Default;
import io.whetstone.datasets.settings.Rest;
import io.whetstone.datasets.settings.Tag;
import java.time.Duration;
import java.util.Map;

/**
 * One reward of a stage, written {@code - NAME: {weight: 0.2, …}} or only {@code - NAME}.
 *
 * @param name the reward's name: a built-in's or a plugin's
 * @param weight what its value is multiplied by in the sum; 0 only records it
 * @param deadline time it may take over a group
 * @param settings the keys that are the reward's own
 */
public record RewardEntry(
    @Tag String name,
    @Default(value = "1", source = "TRL's reward_weights") double weight,
    @Default(value = "\"10s\"", source = "a rule takes milliseconds, a sandboxed program seconds")
        Duration deadline,
    @Rest Map<String, Object> settings) {

  public RewardEntry {
    if (!Double.isFinite(weight)) {
      throw new IllegalArgumentException("weight: " + weight + " is not a finite number");
    }
    if (deadline.isNegative() || deadline.isZero()) {
      throw new IllegalArgumentException("deadline: is not more than 0");
    }
    settings = Map.copyOf(settings);
  }

  /** A reward as it is by itself, with weight 1. */
  public static RewardEntry of(String name) {
    return new RewardEntry(name, 1, Duration.ofSeconds(10), Map.of());
  }
}
