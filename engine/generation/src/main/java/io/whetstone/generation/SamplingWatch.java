package io.whetstone.generation;

/**
 * Hears how far a call of {@link Sampler#generate} has come, after each of its passes, on the
 * sampler's thread.
 */
@FunctionalInterface
public interface SamplingWatch {
  /** Hears nothing. */
  SamplingWatch NONE = (done, all, tokens) -> {};

  /**
   * @param done completions that have ended
   * @param all completions that were asked for
   * @param tokens drawn so far, of all of them
   */
  void passed(int done, int all, long tokens);
}
