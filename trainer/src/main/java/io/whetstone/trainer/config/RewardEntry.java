package io.whetstone.trainer.config;

import io.whetstone.datasets.settings.Inline;
import io.whetstone.datasets.settings.Rest;
import io.whetstone.datasets.settings.Tag;
import io.whetstone.rewards.Reward;
import io.whetstone.rewards.RewardCatalog;
import io.whetstone.rewards.Terms;
import io.whetstone.rewards.WeightedReward;
import io.whetstone.rewards.models.ModelRewardProvider;
import io.whetstone.rewards.models.ModelSettings;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * One reward of a stage, written {@code - NAME: {weight: 0.2, …}} or only {@code - NAME}.
 *
 * @param name names it in the records: a built-in's name or a plugin's, or any where the next three
 *     say what it is
 * @param reward which reward it is, where the name is another: one reward with two settings
 * @param command the program that scores, with its arguments
 * @param java the source file of the class that scores
 * @param terms how its value enters the sum
 * @param deadline time it may take over a group; left out: 10 s, or longer where the reward says
 *     that it may need longer (code: group size × total-time)
 * @param settings the keys that are the reward's own
 */
public record RewardEntry(
    @Tag String name,
    Optional<String> reward,
    @Program Optional<Object> command,
    Optional<Path> java,
    @Inline Terms terms,
    Optional<Duration> deadline,
    @Rest Map<String, Object> settings) {

  public RewardEntry {
    if (deadline.isPresent() && (deadline.get().isNegative() || deadline.get().isZero())) {
      throw new IllegalArgumentException("deadline: is not more than 0");
    }
    settings.forEach(
        (key, value) -> {
          if (value == null) {
            throw new IllegalArgumentException(key + ": has no value");
          }
        });
    settings = Map.copyOf(settings);
  }

  /** What it asks of a trained reward model, where it is one. */
  public Optional<ModelSettings> model() {
    return reward.orElse(name).equals(ModelRewardProvider.NAME)
        ? Optional.of(ModelRewardProvider.settings(settings))
        : Optional.empty();
  }

  /** A reward as it is by itself, with weight 1. */
  public static RewardEntry of(String name) {
    return new RewardEntry(
        name,
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Terms.of(1),
        Optional.empty(),
        Map.of());
  }

  /**
   * A reward as evaluation asks it: with its own defaults where it has any, for whether an answer
   * is right must not depend on the format that a stage may ask for besides; else as the list has
   * it, a judge for example. Gates and bounds are the total's and stay away.
   */
  public static RewardEntry evaluating(
      String name, List<RewardEntry> rewards, RewardCatalog catalog) {
    RewardEntry plain = of(name);
    Optional<RewardEntry> listed =
        rewards.stream().filter(entry -> entry.name().equals(name)).findFirst();
    if (listed.isEmpty() || listed.get().isNamed() && plain.canBeMade(catalog)) {
      return plain;
    }
    RewardEntry its = listed.get();
    return new RewardEntry(
        name, its.reward, its.command, its.java, Terms.of(1), its.deadline, its.settings);
  }

  private boolean canBeMade(RewardCatalog catalog) {
    try {
      make(catalog).close();
      return true;
    } catch (IllegalArgumentException e) {
      return false;
    }
  }

  /**
   * Refuses lists that cannot be composed.
   *
   * @throws IllegalArgumentException {@code rewards: …}
   */
  static void check(List<RewardEntry> rewards) {
    Map<String, RewardEntry> byName = new LinkedHashMap<>();
    for (RewardEntry reward : rewards) {
      if (byName.put(reward.name(), reward) != null) {
        throw new IllegalArgumentException(
            "rewards: "
                + reward.name()
                + " is there twice; give one another name, with reward: "
                + reward.name());
      }
    }
    if (rewards.isEmpty()) {
      throw new IllegalArgumentException("rewards: is empty; expected at least one");
    }
    for (RewardEntry reward : rewards) {
      try {
        reward.terms().gate().ifPresent(gate -> gate.requireKnown(reward.name(), byName.keySet()));
      } catch (IllegalArgumentException e) {
        throw new IllegalArgumentException("rewards: " + e.getMessage(), e);
      }
    }
  }

  /** Whether the name alone says which reward it is. */
  public boolean isNamed() {
    return reward.isEmpty() && command.isEmpty() && java.isEmpty();
  }

  /**
   * The reward itself.
   *
   * @throws IllegalArgumentException if it or a setting of its own is unknown or impossible
   */
  public Reward make(RewardCatalog catalog) {
    Map<String, Object> own = new LinkedHashMap<>(settings);
    command.ifPresent(words -> own.put("command", words));
    java.ifPresent(file -> own.put("java", file.toString()));
    return catalog.create(name, provider(catalog.names()), own);
  }

  private String provider(Collection<String> known) {
    if (reward.isPresent()) {
      return reward.get();
    }
    // A known reward may have a setting of its own that is called so.
    if (known.contains(name)) {
      return name;
    }
    return command.isPresent() ? "command" : java.isPresent() ? "java" : name;
  }

  /** The reward as a run uses it. */
  public WeightedReward weighted(RewardCatalog catalog) {
    return new WeightedReward(name, make(catalog), terms, deadline);
  }
}
