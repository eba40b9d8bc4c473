package io.whetstone.rewards.behaviour;

import io.whetstone.datasets.settings.Default;
import io.whetstone.datasets.settings.Settings;
import io.whetstone.rewards.LengthProvider;
import io.whetstone.rewards.Reward;
import io.whetstone.rewards.RewardProvider;
import java.util.Map;

/**
 * {@code overlong}: DAPO's soft overlong punishment (Yu et al. 2025, eq. 13) in its own terms: 0 up
 * to {@code max-length − buffer} tokens, {@code (max-length − buffer − n) / buffer} up to {@code
 * max-length}, −1 beyond. The same as {@code length} with {@code free: max-length − buffer, limit:
 * max-length}.
 */
public final class OverlongProvider implements RewardProvider {

  /**
   * The reward's settings, in tokens.
   *
   * @param maxLength L_max
   * @param buffer L_cache, the last tokens of it, over which the punishment grows
   */
  public record OverlongSettings(
      @Default(value = "20480", source = "DAPO, Yu et al. 2025, §4.1") int maxLength,
      @Default(value = "4096", source = "DAPO, Yu et al. 2025, §4.1") int buffer) {

    public OverlongSettings {
      if (buffer < 1 || buffer > maxLength) {
        throw new IllegalArgumentException(
            "buffer: " + buffer + " is not in [1, max-length], " + maxLength);
      }
    }
  }

  @Override
  public String name() {
    return "overlong";
  }

  @Override
  public Reward create(Map<String, Object> settings) {
    OverlongSettings read = Settings.read(settings, OverlongSettings.class, "");
    return new LengthProvider()
        .create(Map.of("free", read.maxLength() - read.buffer(), "limit", read.maxLength()));
  }
}
