package io.whetstone.rewards.math;

import io.whetstone.datasets.settings.Default;
import io.whetstone.datasets.settings.Settings;
import io.whetstone.rewards.Reward;
import io.whetstone.rewards.RewardProvider;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;

/**
 * {@code math}: is the completion's final answer the gold one, as mathematics goes?
 *
 * <p>Correct or wrong; unparseable where the completion has no answer that can be read; timeout,
 * without a value, where the budget does not suffice to decide; not applicable to a task without a
 * gold answer. A gold answer that cannot be read is a data error.
 *
 * <p>LaTeX and plain text are read: numbers of every notation, formulas, units, points, intervals,
 * sets, unions, matrices, equations, inequalities, lists, ±, words and multiple choice. Rational
 * numbers, roots and rational functions are compared exactly, other formulas by their values at
 * points that are always the same.
 */
public final class MathProvider implements RewardProvider {

  /**
   * The reward's settings.
   *
   * @param extract where a completion's answer is looked for, the first place first
   * @param decimals to how many decimals a number with a decimal point must agree with one that is
   *     not a whole number; 1/3 is 0.333333 at 6
   * @param steps that the verification of one completion may take
   * @param limit that the verification of one completion may take
   */
  public record MathSettings(
      @Default(
              value = "[\"boxed\", \"answer-tag\", \"hashes\", \"phrase\", \"last\"]",
              source = "the most explicit first")
          List<AnswerSource> extract,
      @Default(value = "6", source = "Math-Verify's float_rounding") int decimals,
      @Default(value = "5000000", source = "some 100 ms; typical answers take under 1,000")
          long steps,
      @Default(value = "\"500ms\"", source = "hostile answers must not hold up a group")
          Duration limit) {

    public MathSettings {
      extract = List.copyOf(extract);
      if (extract.isEmpty() || new HashSet<>(extract).size() != extract.size()) {
        throw new IllegalArgumentException(
            "extract: " + extract + " is not a list of different places");
      }
      if (decimals < 1 || decimals > 30) {
        throw new IllegalArgumentException("decimals: " + decimals + " is not in [1, 30]");
      }
      if (steps < 1_000) {
        throw new IllegalArgumentException("steps: " + steps + " is not 1000 or more");
      }
      if (limit.isNegative() || limit.isZero()) {
        throw new IllegalArgumentException("limit: " + limit + " is not above 0");
      }
    }
  }

  @Override
  public String name() {
    return "math";
  }

  @Override
  public Reward create(Map<String, Object> settings) {
    MathSettings read = Settings.read(settings, MathSettings.class, "");
    return new MathReward(
        new Verifier(read.extract(), read.decimals(), read.steps(), read.limit()));
  }
}
