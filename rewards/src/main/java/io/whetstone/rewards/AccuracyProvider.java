package io.whetstone.rewards;

import io.whetstone.datasets.settings.Default;
import io.whetstone.datasets.settings.Settings;
import java.math.BigDecimal;
import java.util.Map;

/**
 * {@code accuracy}: is the answer in the completion's last {@code <answer>…</answer>} the gold one?
 *
 * <p>Correct or wrong; unparseable where no such answer can be read; not applicable to a task
 * without a gold answer.
 */
public final class AccuracyProvider implements RewardProvider {

  /** How two answers are compared. */
  public enum Compare {
    /** Numeric where the gold answer is a number, else exact. */
    AUTO,
    /** The same characters, white space at the ends apart. */
    EXACT,
    /**
     * The same number within the tolerances. {@code 1,234}, {@code +1234} and {@code 1234.0} are
     * one number; a gold answer that is no number is a data error; an answer that is none is wrong.
     */
    NUMERIC
  }

  /**
   * The reward's settings.
   *
   * @param tolerance numbers x and gold g are the same if {@code |x − g| <= max(tolerance,
   *     relative-tolerance · |g|)}
   * @param requireFormat whether a completion that is not in the strict form of {@code format} is
   *     unparseable, whatever it answers
   */
  public record AccuracySettings(
      @Default(value = "\"auto\"", source = "one setting for words and numbers") Compare compare,
      @Default(value = "0", source = "exact") double tolerance,
      @Default(value = "0", source = "exact") double relativeTolerance,
      @Default(value = "false", source = "the format has a reward of its own")
          boolean requireFormat) {

    public AccuracySettings {
      checkTolerance("tolerance", tolerance);
      checkTolerance("relative-tolerance", relativeTolerance);
      if (compare == Compare.EXACT && (tolerance > 0 || relativeTolerance > 0)) {
        throw new IllegalArgumentException(
            "compare: exact is not a comparison of numbers; a tolerance needs numeric or auto");
      }
    }

    private static void checkTolerance(String key, double value) {
      if (!(value >= 0 && value < Double.POSITIVE_INFINITY)) {
        throw new IllegalArgumentException(key + ": " + value + " is not 0 or more");
      }
    }

    /** The greatest difference from this gold number that still counts as the same. */
    BigDecimal allowed(BigDecimal gold) {
      // valueOf, not new: 0.3 means three tenths, not the double nearest to it.
      return BigDecimal.valueOf(tolerance)
          .max(BigDecimal.valueOf(relativeTolerance).multiply(gold.abs()));
    }
  }

  @Override
  public String name() {
    return "accuracy";
  }

  @Override
  public Reward create(Map<String, Object> settings) {
    return new Accuracy(Settings.read(settings, AccuracySettings.class, ""));
  }
}
