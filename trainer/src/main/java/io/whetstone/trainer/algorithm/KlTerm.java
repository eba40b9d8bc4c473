package io.whetstone.trainer.algorithm;

/**
 * The divergence from the reference as a term of the loss.
 *
 * @param estimator its value at a token
 * @param straightThrough the gradient is k2's instead of the estimator's own: that of KL(π ‖ π_ref)
 *     under samples of π, which k1's and k3's are not (Tang and Munos 2025)
 * @param biasCorrected the term is ρ · estimate, the gradient flowing through ρ = π / π_old too:
 *     unbiased, value and gradient, under samples of π_old (DeepSeek-V3.2, 2025, "unbiased KL
 *     estimate")
 */
public record KlTerm(KlEstimator estimator, boolean straightThrough, boolean biasCorrected) {
  public KlTerm {
    if (straightThrough && biasCorrected) {
      throw new IllegalArgumentException(
          "straight-through and bias-corrected give two gradients; expected one of them");
    }
  }

  /** The estimator as it is. */
  public KlTerm(KlEstimator estimator) {
    this(estimator, false, false);
  }

  /**
   * Its value at a token, nats.
   *
   * @param logRatio log(π / π_old) at the token, nats
   */
  double value(double logprob, double reference, double logRatio) {
    double estimate = estimator.value(logprob, reference);
    return biasCorrected ? StrictMath.exp(logRatio) * estimate : estimate;
  }

  /** ∂value/∂logprob. */
  double gradient(double logprob, double reference, double logRatio) {
    if (straightThrough) {
      return KlEstimator.K2.gradient(logprob, reference);
    }
    double gradient = estimator.gradient(logprob, reference);
    return biasCorrected
        ? StrictMath.exp(logRatio) * (estimator.value(logprob, reference) + gradient)
        : gradient;
  }
}
