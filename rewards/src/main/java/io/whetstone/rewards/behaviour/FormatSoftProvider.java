package io.whetstone.rewards.behaviour;

import io.whetstone.datasets.settings.Settings;
import io.whetstone.rewards.FormatProvider;
import io.whetstone.rewards.Reward;
import io.whetstone.rewards.RewardProvider;
import java.util.Map;

/** {@code format-soft}: {@code format} with {@code mode: soft}, under a name of its own. */
public final class FormatSoftProvider implements RewardProvider {

  /** No keys. */
  record FormatSoftSettings() {}

  @Override
  public String name() {
    return "format-soft";
  }

  @Override
  public Reward create(Map<String, Object> settings) {
    Settings.read(settings, FormatSoftSettings.class, "");
    return new FormatProvider().create(Map.of("mode", "soft"));
  }
}
