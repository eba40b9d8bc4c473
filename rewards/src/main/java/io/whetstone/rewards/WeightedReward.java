package io.whetstone.rewards;

import java.time.Duration;
import java.util.Objects;

/**
 * A reward as a run uses it.
 *
 * @param name names it in records; unique within a run
 * @param weight what its value is multiplied with in the total; 0 records it without using it
 * @param deadline how long scoring one group may take
 */
public record WeightedReward(String name, Reward reward, double weight, Duration deadline) {

  /** Rules take microseconds; ten seconds is never reached but by a hang. */
  public static final Duration DEFAULT_DEADLINE = Duration.ofSeconds(10);

  public WeightedReward {
    Objects.requireNonNull(name, "name");
    Objects.requireNonNull(reward, "reward");
    if (!Double.isFinite(weight)) {
      throw new IllegalArgumentException(name + ".weight: " + weight + " is not a finite number");
    }
    if (deadline.compareTo(Duration.ZERO) <= 0) {
      throw new IllegalArgumentException(name + ".deadline: " + deadline + " is not above 0");
    }
  }

  public WeightedReward(String name, Reward reward, double weight) {
    this(name, reward, weight, DEFAULT_DEADLINE);
  }
}
