package io.whetstone.trainer.algorithm;

/**
 * A gate on an importance ratio: GRPO is the token's ratio with the clipped surrogate, GSPO the
 * sequence's with the same, CISPO and SAPO other gates on the token's.
 */
public record RatioLoss(Ratio ratio, Gate gate) implements PolicyLoss {
  @Override
  public Terms of(Sequence sequence) {
    int n = sequence.size();
    double[] logRatios = ratio.logRatios(sequence);
    double[] losses = new double[n];
    double[] slopes = new double[n];
    Clip[] clips = new Clip[n];
    for (int t = 0; t < n; t++) {
      Gate.Term term = gate.at(logRatios[t], sequence.logprobs()[t], sequence.advantages()[t]);
      losses[t] = term.loss();
      double multiplier = sequence.multipliers()[t];
      // What counts nothing may be infinite; 0 · ∞ would be NaN.
      slopes[t] = multiplier == 0 ? 0 : multiplier * term.slope();
      clips[t] = term.clip();
    }
    return new Terms(losses, gate.detached() ? slopes : ratio.gradients(slopes), clips);
  }
}
