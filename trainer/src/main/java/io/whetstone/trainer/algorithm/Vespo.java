package io.whetstone.trainer.algorithm;

/**
 * VESPO (Shen et al. 2026): the policy gradient, weighted by a smooth kernel of the sequence's
 * whole ratio W = Π_t π_t / π_old,t, not normalized by length:
 *
 * <p>loss = −sg(φ(W)) A log π, φ(W) = W^k e^{λ (1 − W)}, so that φ(1) = 1; k and λ differ by the
 * sign of the advantage. ∂loss/∂logprob = −φ(W) A.
 *
 * <p>As in the authors' code, log ratios of tokens are held within ±20 and log W within [ln 1e-8,
 * 20]; a φ that overflows counts 0.
 *
 * @param powerPositive k for A ≥ 0
 * @param decayPositive λ for A ≥ 0
 * @param powerNegative k for A &lt; 0
 * @param decayNegative λ for A &lt; 0
 */
public record Vespo(
    double powerPositive, double decayPositive, double powerNegative, double decayNegative)
    implements PolicyLoss {
  private static final double LEAST_LOG = StrictMath.log(1e-8);
  private static final double MOST_LOG = 20;

  public Vespo {
    if (!(powerPositive >= 0 && powerNegative >= 0 && decayPositive > 0 && decayNegative > 0)) {
      throw new IllegalArgumentException("expected powers of 0 or more and decays above 0");
    }
  }

  @Override
  public Terms of(Sequence sequence) {
    int n = sequence.size();
    double logW = 0;
    for (int t = 0; t < n; t++) {
      logW += Math.clamp(sequence.logRatio(t), -MOST_LOG, MOST_LOG);
    }
    logW = Math.clamp(logW, LEAST_LOG, MOST_LOG);
    double positive = kernel(logW, powerPositive, decayPositive);
    double negative = kernel(logW, powerNegative, decayNegative);
    double[] losses = new double[n];
    double[] gradients = new double[n];
    Clip[] clips = new Clip[n];
    for (int t = 0; t < n; t++) {
      double advantage = sequence.advantages()[t];
      double weighted = (advantage >= 0 ? positive : negative) * advantage;
      losses[t] = -weighted * sequence.logprobs()[t];
      gradients[t] = -weighted * sequence.multipliers()[t];
      clips[t] = Clip.NONE;
    }
    return new Terms(losses, gradients, clips);
  }

  private static double kernel(double logW, double power, double decay) {
    double weight = StrictMath.exp(decay + power * logW - decay * StrictMath.exp(logW));
    return Double.isFinite(weight) ? weight : 0;
  }
}
