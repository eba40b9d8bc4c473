package io.whetstone.rewards;

import java.time.Duration;
import java.util.Objects;
import java.util.Optional;

/**
 * A reward as a run uses it.
 *
 * @param name names it in records; unique within a run
 * @param terms how its value enters the total
 * @param deadline how long scoring one group may take; empty for {@link #DEFAULT_DEADLINE}, or the
 *     reward's {@link Reward#patience} where that is longer
 */
public record WeightedReward(String name, Reward reward, Terms terms, Optional<Duration> deadline) {

  /** Rules take microseconds; ten seconds is never reached but by a hang. */
  public static final Duration DEFAULT_DEADLINE = Duration.ofSeconds(10);

  public WeightedReward {
    Objects.requireNonNull(name, "name");
    Objects.requireNonNull(reward, "reward");
    Objects.requireNonNull(terms, "terms");
    if (deadline.isPresent() && deadline.get().compareTo(Duration.ZERO) <= 0) {
      throw new IllegalArgumentException(name + ".deadline: " + deadline.get() + " is not above 0");
    }
    if (terms.cache() > 0 && !(reward instanceof CachedReward)) {
      if (reward.comparesCandidates()) {
        throw new IllegalArgumentException(
            name
                + ".cache: the reward compares a group's completions, so that one completion's"
                + " score cannot be remembered; expected 0");
      }
      reward = new CachedReward(reward, terms.cache());
    }
  }

  /**
   * Looks whether what the reward depends on is there.
   *
   * @throws IllegalArgumentException {@code NAME: …} where it is not
   */
  public void preflight() throws InterruptedException {
    try {
      reward.preflight();
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(name + ": " + e.getMessage(), e);
    }
  }

  /** How long scoring a group of that many may take. */
  Duration deadline(int candidates) {
    Duration patience = reward.patience(candidates);
    return deadline.orElse(patience.compareTo(DEFAULT_DEADLINE) > 0 ? patience : DEFAULT_DEADLINE);
  }

  /** A reward with a weight and a deadline of its own. */
  public WeightedReward(String name, Reward reward, double weight, Duration deadline) {
    this(name, reward, terms(name, weight), Optional.of(deadline));
  }

  public WeightedReward(String name, Reward reward, double weight) {
    this(name, reward, terms(name, weight), Optional.empty());
  }

  private static Terms terms(String name, double weight) {
    try {
      return Terms.of(weight);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(name + ".weight: " + e.getMessage(), e);
    }
  }
}
