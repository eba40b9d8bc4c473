package io.whetstone.trainer.algorithm;

/**
 * The tokens of a micro-batch, as the objective sees them: parallel arrays of one length, whichever
 * sequences they came from. Values where {@code trained} is false are never read.
 *
 * @param logprobs log π(token), nats, at the weights being trained
 * @param oldLogprobs log π(token), nats, at the weights that sampled it
 * @param referenceLogprobs log π_ref(token), nats; null where there is no reference
 * @param entropies the entropy of π at each position, nats; null where it was not computed
 * @param advantages one a token
 * @param weights of {@link LossReduction}, spread over the tokens
 * @param trained which tokens are in the loss (not prompts, not forced tokens, not dropped
 *     completions)
 */
public record PolicyTokens(
    float[] logprobs,
    float[] oldLogprobs,
    float[] referenceLogprobs,
    float[] entropies,
    float[] advantages,
    double[] weights,
    boolean[] trained) {

  public PolicyTokens {
    same("old logprobs", oldLogprobs.length, logprobs.length);
    same("advantages", advantages.length, logprobs.length);
    same("weights", weights.length, logprobs.length);
    same("trained", trained.length, logprobs.length);
    if (referenceLogprobs != null) {
      same("reference logprobs", referenceLogprobs.length, logprobs.length);
    }
    if (entropies != null) {
      same("entropies", entropies.length, logprobs.length);
    }
  }

  /** How many tokens there are, trained or not. */
  public int size() {
    return logprobs.length;
  }

  private static void same(String what, int length, int expected) {
    if (length != expected) {
      throw new IllegalArgumentException(
          what + " has " + length + " entries for " + expected + " tokens");
    }
  }
}
