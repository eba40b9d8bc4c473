package io.whetstone.trainer.algorithm;

/**
 * Estimators of KL(π ‖ π_ref) from single tokens sampled from π (Schulman 2020, "Approximating KL
 * divergence"), in nats. With d = log π(token) − log π_ref(token):
 *
 * <ul>
 *   <li>k1 = d: unbiased, may be negative, large variance.
 *   <li>k2 = d² / 2: biased, never negative. Its gradient under samples of π is that of KL(π ‖
 *       π_ref).
 *   <li>k3 = exp(−d) − 1 + d: unbiased, never negative; GRPO's choice (DeepSeekMath, eq. 4).
 *   <li>abs = |d|: biased, never negative, a slope of one size (verl's choice beside the others).
 * </ul>
 *
 * <p>In a loss, the gradient of the estimate is what acts, not the estimate (Tang and Munos 2025,
 * "On a few pitfalls in KL divergence gradient estimation for RL"): k1's slope is the constant 1,
 * whose expectation moves nothing, and k3's pulls as KL(π_ref ‖ π) does. All are offered because
 * papers use them; k1 belongs in the reward, and {@link KlTerm} can lend k2's slope.
 */
public enum KlEstimator {
  K1 {
    @Override
    public double value(double logprob, double reference) {
      return logprob - reference;
    }

    @Override
    public double gradient(double logprob, double reference) {
      return 1;
    }
  },
  K2 {
    @Override
    public double value(double logprob, double reference) {
      double d = logprob - reference;
      return d * d / 2;
    }

    @Override
    public double gradient(double logprob, double reference) {
      return logprob - reference;
    }
  },
  K3 {
    @Override
    public double value(double logprob, double reference) {
      double d = logprob - reference;
      // expm1, because exp(−d) − 1 + d cancels to nothing where the policies are close.
      return StrictMath.expm1(-d) + d;
    }

    @Override
    public double gradient(double logprob, double reference) {
      return -StrictMath.expm1(reference - logprob);
    }
  },
  ABS {
    @Override
    public double value(double logprob, double reference) {
      return Math.abs(logprob - reference);
    }

    @Override
    public double gradient(double logprob, double reference) {
      return Math.signum(logprob - reference);
    }
  };

  /** The estimate at one token, in nats, from the two logprobs in nats. */
  public abstract double value(double logprob, double reference);

  /** ∂value/∂logprob. */
  public abstract double gradient(double logprob, double reference);

  /**
   * What each token of a sequence pays when the divergence is paid from the reward: {@code
   * coefficient} × value, no gradient flowing.
   *
   * @param logprobs at sampling, one a token
   * @param references of the reference policy, one a token
   * @param trained which tokens pay, one a token
   */
  public double[] costs(
      double coefficient, float[] logprobs, float[] references, boolean[] trained) {
    double[] costs = new double[logprobs.length];
    for (int t = 0; t < costs.length; t++) {
      costs[t] = trained[t] ? coefficient * value(logprobs[t], references[t]) : 0;
    }
    return costs;
  }
}
