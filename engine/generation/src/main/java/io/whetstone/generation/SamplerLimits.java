package io.whetstone.generation;

import io.whetstone.model.ModelConfig;
import io.whetstone.model.Transformer;

/**
 * What a sampler may take.
 *
 * @param sequences completions that decode together at most
 * @param cacheTokens positions the key/value cache has room for; a completion needs its prompt
 *     (shared by its group) and its own tokens at most
 * @param prefillRows prompt tokens computed in one forward pass at most
 */
public record SamplerLimits(int sequences, int cacheTokens, int prefillRows) {
  /** Completions that decode together where nobody asks for another number. */
  public static final int DEFAULT_SEQUENCES = 256;

  /** What the cache takes at most. */
  public static final long CACHE_BYTES = 1L << 30;

  private static final int PREFILL_ROWS = 2048;

  /**
   * Room for so many sequences of a model's full length, as far as 1 GiB of cache goes, and for one
   * in any case. A position takes layers × 2 × key/value heads × head size numbers of the type the
   * model computes in.
   */
  public static SamplerLimits of(Transformer policy, int sequences) {
    ModelConfig model = policy.config();
    long position =
        2L
            * model.layers()
            * model.heads().keyValues()
            * model.heads().size()
            * policy.compute().bytes();
    long wanted = (long) sequences * model.maxPositions();
    long tokens = Math.max(model.maxPositions() + 1L, Math.min(wanted, CACHE_BYTES / position));
    return new SamplerLimits(sequences, (int) Math.min(tokens, 1 << 30), PREFILL_ROWS);
  }

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
