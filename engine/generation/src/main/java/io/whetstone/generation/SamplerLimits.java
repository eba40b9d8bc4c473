package io.whetstone.generation;

/**
 * What a sampler may take.
 *
 * @param sequences completions that decode together at most
 * @param cacheTokens positions the key/value cache has room for; a completion needs its prompt
 *     (shared by its group) and its own tokens at most
 * @param prefillRows prompt tokens computed in one forward pass at most
 */
public record SamplerLimits(int sequences, int cacheTokens, int prefillRows) {
  public SamplerLimits {
    if (sequences < 1 || cacheTokens < 1 || prefillRows < 1) {
      throw new IllegalArgumentException(
          "a sampler needs room for at least one of each, got "
              + sequences
              + " sequences, "
              + cacheTokens
              + " cached tokens, "
              + prefillRows
              + " prefill rows");
    }
  }
}
