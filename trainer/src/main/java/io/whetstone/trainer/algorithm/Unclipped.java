package io.whetstone.trainer.algorithm;

/** loss = −ρ A, whatever ρ; ∂loss/∂log ρ = −ρ A. */
public record Unclipped() implements Gate {
  @Override
  public Term at(double logRatio, double logprob, double advantage) {
    return term(StrictMath.exp(logRatio), advantage);
  }

  static Term term(double ratio, double advantage) {
    // 0 · ∞ would be NaN: a token without advantage teaches nothing, whatever its ratio.
    double surrogate = advantage == 0 ? 0 : ratio * advantage;
    return new Term(-surrogate, -surrogate, PolicyLoss.Clip.NONE);
  }
}
