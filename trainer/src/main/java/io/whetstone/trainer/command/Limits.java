package io.whetstone.trainer.command;

import io.whetstone.generation.SamplerLimits;
import io.whetstone.model.ModelConfig;

/** How much a sampler may take for one command. */
final class Limits {
  /** Keeps 2 to 16 processors busy. */
  private static final int SEQUENCES = 128;

  private static final int PREFILL_ROWS = 1024;

  /** Room for pages that are only partly used. */
  private static final int PAGE_SLACK = 128;

  /** Bytes of cache at most, unless one sequence needs more. */
  private static final long CACHE_BYTES = 1L << 30;

  private Limits() {}

  /**
   * Room for so many completions, within about 1 GiB.
   *
   * @param length of a sequence at most, prompt and completion together
   */
  static SamplerLimits of(ModelConfig config, int length, long completions) {
    long room = length + (long) PAGE_SLACK;
    long perToken =
        2L * Float.BYTES * config.layers() * config.heads().keyValues() * config.heads().size();
    long fitting = Math.max(1, CACHE_BYTES / (perToken * room));
    long sequences = Math.min(Math.min(completions, SEQUENCES), fitting);
    // One more than decodes: prompts are computed while others still decode.
    long tokens = Math.min((sequences + 1) * room, Integer.MAX_VALUE / 2);
    return new SamplerLimits((int) sequences, (int) tokens, PREFILL_ROWS);
  }
}
