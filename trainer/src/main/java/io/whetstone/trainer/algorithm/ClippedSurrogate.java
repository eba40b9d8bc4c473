package io.whetstone.trainer.algorithm;

/**
 * PPO's clipped surrogate (Schulman et al. 2017, eq. 7) with separate bounds below and above
 * ("clip-higher", DAPO, Yu et al. 2025, eq. 10) and a last bound for negative advantages:
 *
 * <p>loss = −min(min(ρ, δ) A, clip(ρ, 1 − low, 1 + high) A).
 *
 * <p>∂loss/∂log ρ = −ρ A, or 0 where a bound holds: A &gt; 0 and ρ &gt; 1 + high, A &lt; 0 and ρ
 * &lt; 1 − low, or A &lt; 0 and ρ &gt; δ. At a bound itself the gradient is the unclipped one.
 *
 * <p>δ is INTELLECT-2's two-sided clipping (2025, §3.4) and, the same thing, the constant c of dual
 * clip (Ye et al. 2020, eq. 5): without it a token of negative advantage whose ratio has grown
 * large has a gradient as large. DeepSeekMath has none.
 *
 * @param low how far ρ may fall below 1; in [0, 1]
 * @param high how far ρ may rise above 1; ≥ 0, infinite for no bound
 * @param delta δ &gt; 1 + high, infinite for none
 */
public record ClippedSurrogate(double low, double high, double delta) implements Gate {
  public ClippedSurrogate {
    if (!(low >= 0 && low <= 1)) {
      throw new IllegalArgumentException("clip-low " + low + " is not in [0, 1]");
    }
    if (!(high >= 0)) {
      throw new IllegalArgumentException("clip-high " + high + " is not ≥ 0");
    }
    if (!(delta > 1 + high || Double.isInfinite(delta) && delta > 0)) {
      throw new IllegalArgumentException("clip-delta " + delta + " is not > 1 + clip-high");
    }
  }

  /** Without δ. */
  public ClippedSurrogate(double low, double high) {
    this(low, high, Double.POSITIVE_INFINITY);
  }

  @Override
  public Term at(double logRatio, double logprob, double advantage) {
    // StrictMath: the same bits interpreted, compiled and on every machine.
    double ratio = StrictMath.exp(logRatio);
    if (advantage > 0 && ratio > 1 + high) {
      return new Term(-(1 + high) * advantage, 0, PolicyLoss.Clip.HIGH);
    }
    if (advantage < 0 && ratio < 1 - low) {
      return new Term(-(1 - low) * advantage, 0, PolicyLoss.Clip.LOW);
    }
    if (advantage < 0 && ratio > delta) {
      return new Term(-delta * advantage, 0, PolicyLoss.Clip.DELTA);
    }
    return Unclipped.term(ratio, advantage);
  }
}
