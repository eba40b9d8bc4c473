package io.whetstone.trainer.algorithm;

/**
 * CISPO (MiniMax-M1, 2025): the ratio is clipped as a weight, so that no token's gradient is lost:
 * loss = −sg(clip(ρ, least, most)) A log π, ∂loss/∂logprob = −clip(ρ, least, most) A.
 *
 * <p>The bounds are of ρ itself, as TRL and ScaleRL (Khatri et al. 2025) give them; the paper's
 * ε_high is most − 1.
 *
 * @param least in [0, 1]
 * @param most ≥ 1
 */
public record Cispo(double least, double most) implements Gate {
  public Cispo {
    if (!(least >= 0 && least <= 1 && most >= 1)) {
      throw new IllegalArgumentException(
          "ratios in ["
              + least
              + ", "
              + most
              + "]: expected least in [0, 1] and most of 1 or more");
    }
  }

  @Override
  public Term at(double logRatio, double logprob, double advantage) {
    double ratio = StrictMath.exp(logRatio);
    double weight = Math.clamp(ratio, least, most);
    PolicyLoss.Clip clip =
        ratio > most
            ? PolicyLoss.Clip.HIGH
            : ratio < least ? PolicyLoss.Clip.LOW : PolicyLoss.Clip.NONE;
    return new Term(-weight * advantage * logprob, -weight * advantage, clip);
  }

  @Override
  public boolean detached() {
    return true;
  }
}
