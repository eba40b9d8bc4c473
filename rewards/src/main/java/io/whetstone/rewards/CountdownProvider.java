package io.whetstone.rewards;

import io.whetstone.datasets.DatasetException;
import io.whetstone.datasets.Task;
import io.whetstone.datasets.countdown.Equation;
import io.whetstone.datasets.settings.Default;
import io.whetstone.datasets.settings.Settings;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * {@code countdown}: does the equation in the completion's last {@code <answer>…</answer>} use each
 * of the task's numbers once and reach its target? In exact arithmetic; see {@link Equation} for
 * what is read.
 *
 * <p>Correct or wrong; unparseable where no equation can be read; not applicable to a task that has
 * neither field. A target or numbers that cannot be read are a data error.
 */
public final class CountdownProvider implements RewardProvider {

  /**
   * The reward's settings.
   *
   * @param numbers the task's field with the numbers
   * @param target the task's field with the target
   * @param useAll whether every number must be used, or some may be left over
   */
  public record CountdownRewardSettings(
      @Default(value = "\"nums\"", source = "Countdown-Tasks-3to4's column") String numbers,
      @Default(value = "\"target\"", source = "Countdown-Tasks-3to4's column") String target,
      @Default(value = "true", source = "TinyZero's reward, Pan et al. 2025") boolean useAll) {}

  @Override
  public String name() {
    return "countdown";
  }

  @Override
  public Reward create(Map<String, Object> settings) {
    return new Countdown(Settings.read(settings, CountdownRewardSettings.class, ""));
  }

  private record Countdown(CountdownRewardSettings settings) implements Reward {

    @Override
    public List<Score> score(Group group) {
      Task task = group.task();
      if (!isOne(task)) {
        return group.candidates().stream().map(c -> Score.notApplicable()).toList();
      }
      List<BigInteger> numbers = numbers(task);
      long target = target(task);
      return group.candidates().stream()
          .map(c -> score(ThinkAnswer.of(group.promptPrefix(), c.text()), numbers, target))
          .toList();
    }

    private Score score(ThinkAnswer read, List<BigInteger> numbers, long target) {
      Optional<String> answer = read.lastAnswer();
      Optional<Equation> equation = answer.flatMap(Equation::parse);
      if (equation.isEmpty()) {
        return answer
            .map(text -> Score.unparseable().withExtracted(text))
            .orElseGet(Score::unparseable);
      }
      boolean right = equation.get().isWorth(target) && uses(equation.get().numbers(), numbers);
      return (right ? Score.correct() : Score.wrong()).withExtracted(answer.get());
    }

    private boolean uses(List<BigInteger> used, List<BigInteger> given) {
      List<BigInteger> left = new ArrayList<>(given);
      return used.stream().allMatch(left::remove) && (left.isEmpty() || !settings.useAll());
    }

    private boolean isOne(Task task) {
      return task.fields().containsKey(settings.numbers())
          || task.fields().containsKey(settings.target());
    }

    @Override
    public void check(Task task) {
      if (isOne(task)) {
        numbers(task);
        target(task);
      }
    }

    private List<BigInteger> numbers(Task task) {
      Object given = task.fields().get(settings.numbers());
      if (given instanceof List<?> list
          && !list.isEmpty()
          && list.stream().allMatch(n -> n instanceof Number number && isWhole(number))) {
        return list.stream().map(n -> BigInteger.valueOf(((Number) n).longValue())).toList();
      }
      throw new DatasetException(
          settings.numbers() + ": " + given + " is not a list of whole numbers");
    }

    private long target(Task task) {
      if (task.fields().get(settings.target()) instanceof Number number && isWhole(number)) {
        return number.longValue();
      }
      throw new DatasetException(
          settings.target()
              + ": "
              + task.fields().get(settings.target())
              + " is not a whole number");
    }

    private static boolean isWhole(Number number) {
      return number.doubleValue() == number.longValue();
    }
  }
}
