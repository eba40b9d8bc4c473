package io.whetstone.trainer.algorithm;

/**
 * The trained tokens of a micro-batch, as the objective sees them: parallel arrays of one length.
 * Sequences are whole and one after another.
 *
 * @param logprobs log π(token), nats, at the weights being trained
 * @param oldLogprobs log π_old(token), nats, at the weights that ratios compare with: those that
 *     sampled, or those the step began with where an {@link ImportanceCorrection} makes up for the
 *     rest
 * @param sampledLogprobs log μ(token), nats, as recorded when it was drawn
 * @param referenceLogprobs log π_ref(token), nats; null where there is no reference
 * @param entropies the entropy of π at each position, nats; null where it was not computed
 * @param advantages one a token
 * @param sequences which sequence each token is of; equal numbers stand together
 * @param weights what the tokens count
 */
public record PolicyTokens(
    float[] logprobs,
    float[] oldLogprobs,
    float[] sampledLogprobs,
    float[] referenceLogprobs,
    float[] entropies,
    float[] advantages,
    int[] sequences,
    Weights weights) {

  /**
   * What each token counts in the sums.
   *
   * @param loss of {@link LossReduction}
   * @param policy what its policy loss is multiplied by beside: importance weights, {@link
   *     TokenRule}; null for 1
   * @param penalty c in the term c · |log π − log π_old| (KL-Cov); null for 0
   * @param entropy its share in the mean entropy
   */
  public record Weights(double[] loss, double[] policy, double[] penalty, double[] entropy) {}

  public PolicyTokens {
    int n = logprobs.length;
    same("old logprobs", oldLogprobs.length, n);
    same("sampled logprobs", sampledLogprobs.length, n);
    same("reference logprobs", referenceLogprobs == null ? n : referenceLogprobs.length, n);
    same("entropies", entropies == null ? n : entropies.length, n);
    same("advantages", advantages.length, n);
    same("sequences", sequences.length, n);
    same("loss weights", weights.loss.length, n);
    same("policy weights", weights.policy == null ? n : weights.policy.length, n);
    same("penalties", weights.penalty == null ? n : weights.penalty.length, n);
    same("entropy weights", weights.entropy.length, n);
  }

  /** How many tokens there are. */
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
