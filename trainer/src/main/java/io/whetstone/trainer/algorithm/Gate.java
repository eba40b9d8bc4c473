package io.whetstone.trainer.algorithm;

/** A token's loss as a function of the importance ratio ρ. */
public sealed interface Gate permits ClippedSurrogate, Unclipped, LogLikelihood, Cispo, Sapo {
  /**
   * A token's loss.
   *
   * @param slope ∂loss/∂log ρ, or ∂loss/∂logprob where the gate is {@link #detached}
   */
  record Term(double loss, double slope, PolicyLoss.Clip clip) {}

  /**
   * The loss at a token.
   *
   * @param logRatio log ρ, nats
   * @param logprob log π(token), nats
   * @param advantage the token's
   */
  Term at(double logRatio, double logprob, double advantage);

  /** Whether the gradient flows through the token's logprob, with ρ held fast. */
  default boolean detached() {
    return false;
  }
}
