package io.whetstone.rewards.code;

import io.whetstone.datasets.DatasetException;
import io.whetstone.datasets.Task;
import io.whetstone.datasets.settings.Default;
import io.whetstone.datasets.settings.Inline;
import io.whetstone.datasets.settings.Settings;
import io.whetstone.rewards.Reward;
import io.whetstone.rewards.RewardProvider;
import java.util.Map;

/**
 * {@code code-efficiency}: how little the completion's code uses, against a reference solution that
 * is run with it.
 *
 * <p>{@code (1 − w) · min(1, T_ref / T) + w · min(1, M_ref / M)} for code that passes all tests:
 * {@code T} processor time in seconds of all tests together, {@code M} peak memory in bytes of the
 * hungriest, each the least of some rounds; the reference runs in the same rounds, on the same
 * machine. {@code w} is {@code memory-weight}. Starting the language counts in both, so that the
 * ratio of short programs is near 1. Code that does not pass all tests has what {@code code} with
 * {@code credit: all} gives it: 0.
 */
public final class CodeEfficiencyProvider implements RewardProvider {

  /**
   * The reward's settings.
   *
   * @param code how code is found and judged; credit and pool have no meaning here beyond that
   * @param reference the task's field that holds the reference solution, code without a fence
   * @param rounds how often everything is measured; the least counts
   * @param memoryWeight the part of the value that memory has, from 0 to 1
   */
  public record EfficiencySettings(
      @Inline CodeSettings code,
      @Default(value = "\"solution\"", source = "its plain name") String reference,
      @Default(value = "3", source = "the least of three is within some percent") int rounds,
      @Default(value = "0", source = "time is what is usually asked for") double memoryWeight) {

    public EfficiencySettings {
      if (rounds < 1) {
        throw new IllegalArgumentException("rounds: " + rounds + " is not 1 or more");
      }
      if (!(memoryWeight >= 0 && memoryWeight <= 1)) {
        throw new IllegalArgumentException("memory-weight: " + memoryWeight + " is not in [0, 1]");
      }
      if (code.credit() != CodeSettings.Credit.ALL) {
        throw new IllegalArgumentException(
            "credit: partial has no efficiency; give it to the reward code beside this one");
      }
    }

    /**
     * The reference solution's code.
     *
     * @throws DatasetException if the task has none
     */
    String reference(Task task) {
      if (task.fields().get(reference) instanceof String code && !code.isBlank()) {
        return code;
      }
      throw new DatasetException(
          "task %s: %s: is missing; expected the code of a reference solution"
              .formatted(task.id(), reference));
    }
  }

  @Override
  public String name() {
    return "code-efficiency";
  }

  @Override
  public Reward create(Map<String, Object> settings) {
    EfficiencySettings read = Settings.read(settings, EfficiencySettings.class, "");
    return new Efficiency(CodeRunner.of(read.code()), read);
  }
}
