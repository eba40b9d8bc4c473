package io.whetstone.generation;

/**
 * Hears of every token as it is drawn, on the sampler's thread; of one that a {@link
 * ThinkingBudget} may yet take back, when it stands.
 */
@FunctionalInterface
public interface TokenListener {
  /** Hears nothing. */
  TokenListener NONE = (request, sample, id) -> {};

  /**
   * @param request index of the request
   * @param sample index of the completion in its request
   * @param id the token drawn, or put in
   */
  void drawn(int request, int sample, int id);
}
