package io.whetstone.trainer.algorithm;

/**
 * SAPO (Gao et al. 2025): a soft gate in place of the clip, f(ρ) = 4/τ · σ(τ (ρ − 1)), with one
 * temperature τ for positive and one for other advantages: loss = −f(ρ) A. Its slope f'(ρ) = 4 σ (1
 * − σ) is 1 at ρ = 1 and falls off smoothly on both sides: ∂loss/∂log ρ = −4 σ (1 − σ) ρ A.
 *
 * @param positive τ for A &gt; 0
 * @param negative τ for A ≤ 0; larger lets go sooner
 */
public record Sapo(double positive, double negative) implements Gate {
  public Sapo {
    if (!(positive > 0 && negative > 0)) {
      throw new IllegalArgumentException(
          "temperatures " + positive + " and " + negative + " are not positive");
    }
  }

  @Override
  public Term at(double logRatio, double logprob, double advantage) {
    double ratio = StrictMath.exp(logRatio);
    double temperature = advantage > 0 ? positive : negative;
    double gate = 1 / (1 + StrictMath.exp(-temperature * (ratio - 1)));
    double rest = 1 / (1 + StrictMath.exp(temperature * (ratio - 1)));
    // Where the gate is shut, ρ may be infinite; its product with 0 would be NaN.
    double slope = rest == 0 ? 0 : -4 * gate * rest * ratio * advantage;
    return new Term(-4 * gate / temperature * advantage, slope, PolicyLoss.Clip.NONE);
  }
}
