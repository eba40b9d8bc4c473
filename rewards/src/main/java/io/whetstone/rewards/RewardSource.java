package io.whetstone.rewards;

import java.util.Map;

/** Makes rewards by their names. */
@FunctionalInterface
public interface RewardSource {

  /**
   * Makes a reward.
   *
   * @param settings the keys that are the reward's own
   * @throws IllegalArgumentException if the name or a setting is unknown or impossible
   */
  Reward create(String name, Map<String, Object> settings);
}
