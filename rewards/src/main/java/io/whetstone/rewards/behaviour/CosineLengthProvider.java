package io.whetstone.rewards.behaviour;

import io.whetstone.datasets.settings.Default;
import io.whetstone.datasets.settings.Settings;
import io.whetstone.rewards.Reward;
import io.whetstone.rewards.RewardCatalog;
import io.whetstone.rewards.RewardProvider;
import io.whetstone.rewards.RewardSource;
import java.util.Map;

/**
 * {@code cosine-length}: short where it is right, long where it is wrong.
 *
 * <p>{@code l + ½ (s − l)(1 + cos(π n / L))} with n the length, L {@code max-length}, and s and l
 * what a completion of length 0 and of length L is worth, one pair for correct and one for wrong
 * completions; {@code exceeded} from L on. Yeo et al. 2025 (Demystifying Long Chain-of-Thought),
 * §4.2.
 */
public final class CosineLengthProvider implements RewardProvider {

  /**
   * The reward's settings.
   *
   * @param maxLength L, in tokens
   */
  public record CosineLengthSettings(
      @Default(value = "1", source = "open-r1, cosine_max_value_correct; the paper has 2")
          double correctShort,
      @Default(value = "0.5", source = "open-r1, cosine_min_value_correct; the paper has 1")
          double correctLong,
      @Default(value = "-1", source = "open-r1, cosine_min_value_wrong; the paper has -10")
          double wrongShort,
      @Default(value = "-0.5", source = "open-r1, cosine_max_value_wrong; the paper has 0")
          double wrongLong,
      @Default(value = "-1", source = "as the worst wrong one, Yeo et al. 2025, §4.2")
          double exceeded,
      @Default(value = "1000", source = "open-r1, cosine_max_len") int maxLength,
      @Default(value = "\"accuracy\"", source = "needs no more than the answer") Judge correctBy) {

    public CosineLengthSettings {
      if (maxLength < 1) {
        throw new IllegalArgumentException("max-length: " + maxLength + " is not 1 or more");
      }
      double sum = correctShort + correctLong + wrongShort + wrongLong + exceeded;
      if (!Double.isFinite(sum)) {
        throw new IllegalArgumentException("correct-short: all five values must be finite");
      }
    }

    double value(int length, boolean correct) {
      if (length >= maxLength) {
        return exceeded;
      }
      double cosine = StrictMath.cos(StrictMath.PI * length / maxLength);
      double atZero = correct ? correctShort : wrongShort;
      double atMost = correct ? correctLong : wrongLong;
      return atMost + 0.5 * (atZero - atMost) * (1 + cosine);
    }
  }

  @Override
  public String name() {
    return "cosine-length";
  }

  @Override
  public Reward create(Map<String, Object> settings) {
    return create(settings, RewardCatalog.ofClassPath());
  }

  @Override
  public Reward create(Map<String, Object> settings, RewardSource others) {
    CosineLengthSettings read = Settings.read(settings, CosineLengthSettings.class, "");
    return new JudgedLength(
        read.correctBy().make(others),
        (task, lengths, correct) -> {
          double[] values = new double[lengths.length];
          for (int i = 0; i < values.length; i++) {
            values[i] = read.value(lengths[i], correct[i]);
          }
          return values;
        });
  }
}
