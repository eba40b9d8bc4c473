package io.whetstone.rewards;

import java.util.Map;

/**
 * Makes a reward from its settings. Found by {@link java.util.ServiceLoader}: name the
 * implementation in {@code META-INF/services/io.whetstone.rewards.RewardProvider} of a jar on the
 * class path or in the plugin directory.
 */
public interface RewardProvider {

  /** The name by which configurations ask for the reward: kebab-case, {@code answer-length}. */
  String name();

  /**
   * Makes the reward.
   *
   * @param settings what the configuration says under the reward's name, kebab-case keys; {@link
   *     io.whetstone.datasets.settings.Settings} reads them into a record and refuses unknown ones
   * @throws IllegalArgumentException if a setting is impossible; {@code key: got is not expected}
   */
  Reward create(Map<String, Object> settings);

  /**
   * Makes a reward that builds on others, such as one that rewards short completions where another
   * finds them correct. This is what is called; it passes on to {@link #create(Map)}.
   *
   * @param others the rewards that configurations can name
   */
  default Reward create(Map<String, Object> settings, RewardSource others) {
    return create(settings);
  }
}
