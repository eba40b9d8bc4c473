package io.whetstone.trainer.algorithm;

/** The policy's loss at one token, as a function of its logprob. */
public interface PolicyLoss {
  /** Which side of the trust region stopped a token's gradient. */
  enum Clip {
    NONE,
    LOW,
    HIGH
  }

  /**
   * A token's loss and slope.
   *
   * @param loss the loss, unweighted
   * @param gradient ∂loss/∂logprob
   * @param clip whether the token was clipped, so that its gradient is 0
   */
  record Term(double loss, double gradient, Clip clip) {}

  /**
   * The loss at one token.
   *
   * @param logprob log π(token) now, in nats
   * @param oldLogprob log π_old(token) of the policy that sampled it, in nats
   * @param advantage the token's advantage
   */
  Term at(double logprob, double oldLogprob, double advantage);
}
