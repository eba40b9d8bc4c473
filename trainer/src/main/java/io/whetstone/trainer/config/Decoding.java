package io.whetstone.trainer.config;

import io.whetstone.datasets.settings.Default;
import java.util.List;
import java.util.Optional;

/**
 * How completions are drawn; its keys stand among the stage's.
 *
 * @param maxTokens longest completion, in tokens
 * @param temperature logits are divided by it; 0 takes the likeliest token
 * @param topK draw among the k likeliest; 0 for all
 * @param topP draw among the likeliest that together reach this probability
 * @param minP leave out what is less likely than this times the likeliest
 * @param stop strings that end a completion, besides end of sequence
 * @param thinking how long a completion thinks before it answers; left out: as the policy likes
 */
public record Decoding(
    int maxTokens,
    @Default(value = "1", source = "DeepSeek-R1, Guo et al. 2025, §2.2") double temperature,
    @Default(value = "0", source = "on-policy: nothing is cut off") int topK,
    @Default(value = "1", source = "on-policy: nothing is cut off") double topP,
    @Default(value = "0", source = "on-policy: nothing is cut off") double minP,
    @Default(value = "[]", source = "end of sequence ends a completion") List<String> stop,
    Optional<Thinking> thinking) {

  public Decoding {
    Range.atLeast("max-tokens", maxTokens, 1);
    Range.notNegative("temperature", temperature);
    Range.atLeast("top-k", topK, 0);
    Range.above("top-p", topP, 0, 1);
    Range.below("min-p", minP, 0, 1);
    if (stop.contains("")) {
      throw new IllegalArgumentException("stop: holds an empty string, which would stop at once");
    }
    stop = List.copyOf(stop);
    thinking
        .flatMap(Thinking::mostTokens)
        .filter(most -> most >= maxTokens)
        .ifPresent(
            most -> {
              throw new IllegalArgumentException(
                  "thinking.most-tokens: "
                      + most
                      + " is not below max-tokens, which is "
                      + maxTokens
                      + ": no answer could follow");
            });
  }

  /** Without a word on thinking. */
  public Decoding(
      int maxTokens, double temperature, int topK, double topP, double minP, List<String> stop) {
    this(maxTokens, temperature, topK, topP, minP, stop, Optional.empty());
  }

  /** The same, but the likeliest token each time. */
  public Decoding greedy() {
    return new Decoding(maxTokens, 0, 0, 1, 0, stop, thinking);
  }
}
