package io.whetstone.trainer.algorithm;

/**
 * The part of the loss that carries the advantages, as a function of one sequence's logprobs.
 *
 * <p>It sees a sequence as a whole, since some papers' ratios are those of whole sequences. A
 * sequence is never split over micro-batches.
 */
public sealed interface PolicyLoss permits RatioLoss, Vespo, GeometricMean {
  /** What stopped or bent a token's gradient. */
  enum Clip {
    NONE,
    /** The ratio fell below its lower bound. */
    LOW,
    /** The ratio rose above its upper bound. */
    HIGH,
    /** The ratio rose above the bound for negative advantages. */
    DELTA
  }

  /**
   * The trained tokens of a sequence; parallel arrays of one length n.
   *
   * @param logprobs log π(token) now, nats
   * @param oldLogprobs log π_old(token), nats
   * @param advantages one a token
   * @param multipliers m: what each token's loss is multiplied by in the sum; no gradient flows
   *     through them
   */
  record Sequence(
      double[] logprobs, double[] oldLogprobs, double[] advantages, double[] multipliers) {
    /** n. */
    int size() {
      return logprobs.length;
    }

    /** log π − log π_old at a token, nats. */
    double logRatio(int t) {
      return logprobs[t] - oldLogprobs[t];
    }
  }

  /**
   * Losses and gradients of n tokens.
   *
   * @param losses l, without multipliers
   * @param gradients ∂(Σ_s m_s l_s) / ∂logprob_t
   * @param clips what became of each token
   */
  record Terms(double[] losses, double[] gradients, Clip[] clips) {}

  /** Evaluates a sequence. */
  Terms of(Sequence sequence);
}
