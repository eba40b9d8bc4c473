package io.whetstone.trainer.config;

import io.whetstone.datasets.settings.Default;
import java.util.Optional;

/**
 * Which of a task's completions are learned from.
 *
 * @param correct only those whose {@code solved-by} reward says right
 * @param atLeast only those with at least this reward; left out: any
 * @param best at most so many a task, the highest rewards first, of equal ones the shortest, then
 *     the first drawn; 0 for all
 * @param distinct of those with the same text only the first
 * @param truncated also those that did not come to their own end
 * @param minTokens shortest, in tokens
 * @param maxTokens longest, in tokens; left out: any
 */
public record Keep(
    @Default(
            value = "true",
            source = "STaR, Zelikman et al. 2022, §3.1; RFT, Yuan et al. 2023, §3.3")
        boolean correct,
    Optional<Double> atLeast,
    @Default(value = "0", source = "RFT, Yuan et al. 2023, §3.3: every distinct right path")
        int best,
    @Default(value = "true", source = "RFT, Yuan et al. 2023, §3.3") boolean distinct,
    @Default(value = "false", source = "an unfinished completion teaches not to finish")
        boolean truncated,
    @Default(value = "0", source = "no bound") int minTokens,
    Optional<Integer> maxTokens) {

  public Keep {
    Range.atLeast("best", best, 0);
    Range.atLeast("min-tokens", minTokens, 0);
    int least = minTokens;
    maxTokens.ifPresent(n -> Range.atLeast("max-tokens", n, Math.max(1, least)));
  }
}
