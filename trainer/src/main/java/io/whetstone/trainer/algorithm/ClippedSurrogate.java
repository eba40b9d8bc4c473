package io.whetstone.trainer.algorithm;

/**
 * PPO's clipped surrogate (Schulman et al. 2017, eq. 7) with separate bounds below and above
 * ("clip-higher", DAPO, Yu et al. 2025, eq. 10): with ρ = exp(logprob − oldLogprob),
 *
 * <p>loss = −min(ρ A, clip(ρ, 1 − low, 1 + high) A).
 *
 * <p>∂loss/∂logprob = −ρ A, or 0 where the clipped branch is the smaller one: A &gt; 0 and ρ &gt; 1
 * + high, or A &lt; 0 and ρ &lt; 1 − low. At the bound itself the gradient is the unclipped one.
 *
 * <p>There is no second bound for A &lt; 0 and ρ ≫ 1 (dual clip), as in DeepSeekMath.
 *
 * @param low how far ρ may fall below 1; in [0, 1]
 * @param high how far ρ may rise above 1; ≥ 0, infinite for no bound
 */
public record ClippedSurrogate(double low, double high) implements PolicyLoss {
  public ClippedSurrogate {
    if (!(low >= 0 && low <= 1)) {
      throw new IllegalArgumentException("clip-low " + low + " is not in [0, 1]");
    }
    if (!(high >= 0)) {
      throw new IllegalArgumentException("clip-high " + high + " is not ≥ 0");
    }
  }

  @Override
  public Term at(double logprob, double oldLogprob, double advantage) {
    // StrictMath: the same bits interpreted, compiled and on every machine.
    double ratio = StrictMath.exp(logprob - oldLogprob);
    if (advantage > 0 && ratio > 1 + high) {
      return new Term(-(1 + high) * advantage, 0, Clip.HIGH);
    }
    if (advantage < 0 && ratio < 1 - low) {
      return new Term(-(1 - low) * advantage, 0, Clip.LOW);
    }
    // 0 · ∞ would be NaN: a token without advantage teaches nothing, whatever its ratio.
    double surrogate = advantage == 0 ? 0 : ratio * advantage;
    return new Term(-surrogate, -surrogate, Clip.NONE);
  }
}
