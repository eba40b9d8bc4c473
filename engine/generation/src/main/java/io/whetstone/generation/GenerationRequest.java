package io.whetstone.generation;

import io.whetstone.tensor.Sampling;
import java.util.Optional;

/**
 * A prompt to be completed several times: a group's prompt is computed once.
 *
 * @param prompt token ids, at least one
 * @param samples completions to draw, ≥ 1
 * @param sampling how tokens are drawn
 * @param stop when a completion ends
 * @param thinking how long a completion thinks; empty where the policy decides
 * @param randomKey key of the random numbers (see {@link io.whetstone.tensor.Philox}): the token at
 *     position i of sample s is drawn with {@code uniform(derive(randomKey, s), i)}, whatever else
 *     is generated at the same time
 */
public record GenerationRequest(
    int[] prompt,
    int samples,
    Sampling sampling,
    StopRules stop,
    Optional<ThinkingBudget> thinking,
    long randomKey) {
  public GenerationRequest {
    if (prompt.length == 0) {
      throw new IllegalArgumentException("a prompt needs at least one token");
    }
    if (samples < 1) {
      throw new IllegalArgumentException("samples: " + samples + " is not ≥ 1");
    }
  }

  /** A request whose completions think as long as the policy likes. */
  public GenerationRequest(
      int[] prompt, int samples, Sampling sampling, StopRules stop, long randomKey) {
    this(prompt, samples, sampling, stop, Optional.empty(), randomKey);
  }
}
