package io.whetstone.rewards;

import io.whetstone.datasets.settings.Default;
import io.whetstone.datasets.settings.Settings;
import java.util.Map;

/**
 * {@code length}: how long a completion is, as a score that falls from 0 to −1 beyond a free
 * length.
 *
 * <p>{@code 0} up to {@code free} tokens, {@code (free − n) / (limit − free)} up to {@code limit},
 * {@code −1} beyond: DAPO's soft overlong punishment (Yu et al. 2025, eq. 13) with {@code limit}
 * its L_max and {@code limit − free} its L_cache. Where only text is known, code points stand for
 * tokens.
 */
public final class LengthProvider implements RewardProvider {

  /**
   * The reward's settings, in tokens.
   *
   * @param free length that costs nothing
   * @param limit length from which on the score is −1; more than free
   */
  public record LengthSettings(
      @Default(value = "16384", source = "DAPO, Yu et al. 2025, §4.1") int free,
      @Default(value = "20480", source = "DAPO, Yu et al. 2025, §4.1") int limit) {

    public LengthSettings {
      if (free < 0) {
        throw new IllegalArgumentException("free: " + free + " is not 0 or more");
      }
      if (limit <= free) {
        throw new IllegalArgumentException("limit: " + limit + " is not more than free, " + free);
      }
    }

    double score(int length) {
      return length <= free ? 0 : Math.max(-1, (double) (free - length) / (limit - free));
    }
  }

  @Override
  public String name() {
    return "length";
  }

  @Override
  public Reward create(Map<String, Object> settings) {
    LengthSettings read = Settings.read(settings, LengthSettings.class, "");
    return Reward.each((task, candidate) -> Score.scored(read.score(candidate.length())));
  }
}
