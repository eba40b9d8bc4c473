package io.whetstone.rewards.models;

import io.whetstone.datasets.settings.Settings;
import io.whetstone.rewards.Reward;
import io.whetstone.rewards.RewardProvider;
import java.util.Map;
import java.util.function.Function;

/**
 * {@code model}: a trained reward model's opinion. It is not found on the class path, since it
 * needs an engine: whoever has one puts it into the catalog.
 */
public final class ModelRewardProvider implements RewardProvider {
  /** How configurations ask for it. */
  public static final String NAME = "model";

  private final Function<ModelSettings, Reward> maker;

  /**
   * @param maker makes the reward; {@code IllegalArgumentException} for a model that is not there
   */
  public ModelRewardProvider(Function<ModelSettings, Reward> maker) {
    this.maker = maker;
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public Reward create(Map<String, Object> settings) {
    return maker.apply(settings(settings));
  }

  /** The settings as they stand under the reward's name. */
  public static ModelSettings settings(Map<String, Object> settings) {
    return Settings.read(settings, ModelSettings.class, "");
  }
}
