package io.whetstone.trainer.config;

import io.whetstone.datasets.settings.Default;
import java.util.Optional;

/**
 * How long completions think: budget forcing. A completion thinks from its first token to the first
 * {@code end}. Tokens put in are the completion's, but in reinforcement learning they are not
 * trained on; a completion that rejection sampling or DPO learns is learnt whole.
 *
 * @param end what closes a thought
 * @param again what is put in the place of the end where the policy is to think on
 * @param times how often: the first so many ends, or ends of sequence within the thought, give way
 * @param mostTokens tokens of thought after which {@code end} is put in; left out: as many as fit.
 *     It wins over {@code times}
 */
public record Thinking(
    @Default(value = "\"</think>\"", source = "DeepSeek-R1, Guo et al. 2025, table 1") String end,
    @Default(value = "\"Wait\"", source = "s1, Muennighoff et al. 2025, §3.1 and table 4")
        String again,
    @Default(value = "0", source = "the policy decides when it is done") int times,
    Optional<Integer> mostTokens) {

  public Thinking {
    Range.atLeast("times", times, 0);
    mostTokens.ifPresent(most -> Range.atLeast("most-tokens", most, 0));
    if (end.isEmpty()) {
      throw new IllegalArgumentException("end: is empty; expected the text that closes a thought");
    }
    if (again.isEmpty() && times > 0) {
      throw new IllegalArgumentException(
          "again: is empty; expected the text that makes the policy think on, as times is "
              + times);
    }
  }

  /** Whether anything is asked for. */
  public boolean forces() {
    return times > 0 || mostTokens.isPresent();
  }
}
