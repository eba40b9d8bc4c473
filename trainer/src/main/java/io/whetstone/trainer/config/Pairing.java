package io.whetstone.trainer.config;

import io.whetstone.datasets.settings.Default;

/**
 * How pairs are made of a task's scored completions.
 *
 * @param kind which completions are compared
 * @param most pairs a task at most, those of the largest difference first; 0 for all
 * @param leastDifference rewards must differ by more than this
 */
public record Pairing(
    @Default(
            value = "\"best-worst\"",
            source = "Iterative DPO, Xu et al. 2023; TPO, Li et al. 2025")
        Kind kind,
    @Default(value = "1", source = "tasks weigh alike") int most,
    @Default(value = "0", source = "any difference") double leastDifference) {

  /** Which completions are compared. */
  public enum Kind {
    /** The best with the worst, the second best with the second worst, and so on. */
    BEST_WORST,
    /** Each with each that is worse. */
    ALL
  }

  public Pairing {
    Range.atLeast("most", most, 0);
    Range.notNegative("least-difference", leastDifference);
  }
}
