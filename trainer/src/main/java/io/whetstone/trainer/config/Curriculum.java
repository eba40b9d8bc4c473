package io.whetstone.trainer.config;

import io.whetstone.datasets.settings.Default;
import java.util.Optional;

/**
 * In which order a stage meets its tasks. Difficulty is what was measured: a ledger holds each
 * task's pass rate, p = (right + 1) / (drawn + 2), in which older visits count less.
 *
 * @param order how tasks come up
 * @param by what difficulty is, for {@code easy-first} and {@code hard-first}
 * @param exploration added to each weight of {@code learnability}
 * @param memory what a visit's counts are multiplied by when the task is met again
 * @param pool only the first so many tasks of the data come up; left out: all of them
 */
public record Curriculum(
    @Default(value = "\"shuffled\"", source = "every task once a pass, in an order of its own")
        Order order,
    @Default(value = "\"measured\"", source = "what is hard for this policy") By by,
    @Default(
            value = "0.05",
            source = "a task always or never solved comes up at a fifth of the most")
        double exploration,
    @Default(value = "0.5", source = "the policy changes: the last visit counts as all before it")
        double memory,
    Optional<Integer> pool) {

  /** How tasks come up. */
  public enum Order {
    /** As the data have them, a finite source shuffled anew each pass. */
    SHUFFLED,
    /** Each pass from the most to the least solved; tasks not met yet count as half solved. */
    EASY_FIRST,
    /** Each pass from the least to the most solved. */
    HARD_FIRST,
    /**
     * Drawn with weights p (1 − p) + exploration (Foster et al. 2025, "Learning to reason at the
     * frontier of learnability"), no task twice in a draw.
     */
    LEARNABILITY
  }

  /** What difficulty is. */
  public enum By {
    /** The ledger's pass rates. */
    MEASURED,
    /** What the data's column {@code difficulty} says. */
    DATA
  }

  public Curriculum {
    if (by == By.DATA && order != Order.EASY_FIRST && order != Order.HARD_FIRST) {
      throw new IllegalArgumentException("by: data is for order: easy-first and hard-first");
    }
    Range.notNegative("exploration", exploration);
    Range.within("memory", memory, 0, 1);
    pool.ifPresent(n -> Range.atLeast("pool", n, 1));
  }

  /** Whether the order depends on what was measured. */
  public boolean measures() {
    return order != Order.SHUFFLED && by == By.MEASURED;
  }
}
