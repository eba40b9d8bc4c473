package io.whetstone.trainer.algorithm;

/**
 * GMPO (Zhao et al. 2025): the geometric mean of a sequence's token ratios, each clipped before the
 * mean is taken and only on the side its advantage pushes to:
 *
 * <p>loss = −exp(mean_t c_t) A, c_t = min(log ρ_t, high) for A &gt; 0 and max(log ρ_t, −low)
 * otherwise.
 *
 * <p>Every token of the sequence has this loss; with weights of 1 / length its sum is the paper's.
 * ∂loss/∂logprob_t = −exp(mean c) A / n where token t was not clipped.
 *
 * @param low bound of −log ρ, nats
 * @param high bound of log ρ, nats
 */
public record GeometricMean(double low, double high) implements PolicyLoss {
  public GeometricMean {
    if (!(low >= 0 && high >= 0)) {
      throw new IllegalArgumentException("bounds " + low + " and " + high + " are not ≥ 0");
    }
  }

  @Override
  public Terms of(Sequence sequence) {
    int n = sequence.size();
    Clip[] clips = new Clip[n];
    double sum = 0;
    for (int t = 0; t < n; t++) {
      double logRatio = sequence.logRatio(t);
      boolean up = sequence.advantages()[t] > 0;
      clips[t] = up && logRatio > high ? Clip.HIGH : !up && logRatio < -low ? Clip.LOW : Clip.NONE;
      sum += up ? Math.min(logRatio, high) : Math.max(logRatio, -low);
    }
    double mean = StrictMath.exp(sum / n);
    double[] losses = new double[n];
    double slope = 0;
    for (int t = 0; t < n; t++) {
      double advantage = sequence.advantages()[t];
      losses[t] = advantage == 0 ? 0 : -mean * advantage;
      slope += sequence.multipliers()[t] * losses[t];
    }
    double[] gradients = new double[n];
    for (int t = 0; t < n; t++) {
      gradients[t] = clips[t] == Clip.NONE ? slope / n : 0;
    }
    return new Terms(losses, gradients, clips);
  }
}
