package io.whetstone.rewards.behaviour;

import io.whetstone.datasets.DatasetException;
import io.whetstone.datasets.Task;
import io.whetstone.datasets.settings.Default;
import io.whetstone.datasets.settings.Settings;
import io.whetstone.rewards.Reward;
import io.whetstone.rewards.RewardCatalog;
import io.whetstone.rewards.RewardProvider;
import io.whetstone.rewards.RewardSource;
import java.util.Map;
import java.util.Optional;

/**
 * {@code length-budget}: right, and as long as it was asked to be. L1, Aggarwal and Welleck 2025,
 * with n the length, b the task's budget and c 1 where the completion is correct, else 0.
 *
 * <p>{@code exact} (eq. 1): {@code c − α |b − n|}. {@code max} (eq. 2): {@code c · clip(α (b − n) +
 * δ, 0, 1)}.
 */
public final class LengthBudgetProvider implements RewardProvider {

  /** What the budget is. */
  public enum Mode {
    /** A length to be met. */
    EXACT,
    /** A length not to be passed. */
    MAX
  }

  /**
   * The reward's settings.
   *
   * @param budget tokens of a task whose field says nothing
   * @param field the task's field with its budget in tokens
   * @param alpha what a token of difference costs
   * @param delta what is left, in {@code max}, of a correct completion that just meets the budget
   */
  public record LengthBudgetSettings(
      @Default(value = "\"exact\"", source = "L1, Aggarwal and Welleck 2025, eq. 1") Mode mode,
      Optional<Integer> budget,
      @Default(value = "\"budget\"", source = "a name") String field,
      @Default(value = "0.0003", source = "L1, Aggarwal and Welleck 2025, §3") double alpha,
      @Default(value = "0.5", source = "L1, Aggarwal and Welleck 2025, eq. 2") double delta,
      @Default(value = "\"accuracy\"", source = "needs no more than the answer") Judge correctBy) {

    public LengthBudgetSettings {
      if (budget.isPresent() && budget.get() < 1) {
        throw new IllegalArgumentException("budget: " + budget.get() + " is not 1 or more");
      }
      if (!(alpha >= 0 && alpha < Double.POSITIVE_INFINITY)) {
        throw new IllegalArgumentException("alpha: " + alpha + " is not 0 or more");
      }
      if (!(delta >= 0 && delta <= 1)) {
        throw new IllegalArgumentException("delta: " + delta + " is not in [0, 1]");
      }
    }

    double value(int length, double budget, boolean correct) {
      double right = correct ? 1 : 0;
      return switch (mode) {
        case EXACT -> right - alpha * Math.abs(budget - length);
        case MAX -> right * Math.clamp(alpha * (budget - length) + delta, 0, 1);
      };
    }

    double budget(Task task) {
      Object given = task.fields().get(field);
      if (given == null && budget.isPresent()) {
        return budget.get();
      }
      if (!(given instanceof Number number) || !(number.doubleValue() >= 1)) {
        throw new DatasetException(
            "%s: %s; expected the length in tokens, 1 or more, or length-budget's setting budget"
                .formatted(field, given == null ? "is missing" : given + " is no such number"));
      }
      return number.doubleValue();
    }
  }

  @Override
  public String name() {
    return "length-budget";
  }

  @Override
  public Reward create(Map<String, Object> settings) {
    return create(settings, RewardCatalog.ofClassPath());
  }

  @Override
  public Reward create(Map<String, Object> settings, RewardSource others) {
    LengthBudgetSettings read = Settings.read(settings, LengthBudgetSettings.class, "");
    return new JudgedLength(
        read.correctBy().make(others),
        new JudgedLength.Rule() {
          @Override
          public double[] values(Task task, int[] lengths, boolean[] correct) {
            double budget = read.budget(task);
            double[] values = new double[lengths.length];
            for (int i = 0; i < values.length; i++) {
              values[i] = read.value(lengths[i], budget, correct[i]);
            }
            return values;
          }

          @Override
          public void check(Task task) {
            read.budget(task);
          }
        });
  }
}
