package io.whetstone.rewards.behaviour;

import io.whetstone.rewards.Reward;
import io.whetstone.rewards.RewardSource;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The reward that says whether a completion is correct, written {@code math} or {@code {math:
 * {…}}}. A value of 1 is correct.
 */
public final class Judge {

  private final String name;
  private final Map<String, Object> settings;

  private Judge(String name, Map<String, Object> settings) {
    this.name = name;
    this.settings = settings;
  }

  /** A reward with its own defaults. */
  public static Judge of(String name) {
    return new Judge(name, Map.of());
  }

  /** A reward with settings. */
  public static Judge of(Map<String, Object> reward) {
    if (reward.size() != 1) {
      throw new IllegalArgumentException(
          List.copyOf(reward.keySet()) + " is not one reward's name with its settings");
    }
    String name = reward.keySet().iterator().next();
    Map<String, Object> settings = new LinkedHashMap<>();
    if (reward.get(name) instanceof Map<?, ?> given) {
      given.forEach((key, value) -> settings.put(String.valueOf(key), value));
    }
    return new Judge(name, settings);
  }

  Reward make(RewardSource rewards) {
    try {
      return rewards.create(name, settings);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("correct-by: " + e.getMessage(), e);
    }
  }
}
