package io.whetstone.trainer.algorithm;

import java.util.Arrays;

/**
 * A last normalization of a step's advantages over all completions: (A − mean(A)) / (std(A) + ε), 0
 * where all are equal.
 */
public enum Whitening {
  NONE,
  /** Each completion counts once, with its tokens' mean advantage (GDPO, Liu et al. 2026). */
  COMPLETIONS,
  /** Each token counts once (REINFORCE++, Hu 2025). */
  TOKENS;

  /**
   * Normalizes in place.
   *
   * @param advantages {@code [g][i]}: one number or one a token, empty for none
   * @param tokens {@code [g][i]}: lengths
   */
  void apply(double[][][] advantages, double[][] tokens, Deviation form, double epsilon) {
    if (this == NONE) {
      return;
    }
    Moments all = Moments.NONE;
    for (int g = 0; g < advantages.length; g++) {
      for (int i = 0; i < advantages[g].length; i++) {
        double[] own = advantages[g][i];
        if (own.length > 0) {
          all = all.plus(moments(own, tokens[g][i]));
        }
      }
    }
    double divisor = all.varied() ? all.deviation(form) + epsilon : Double.POSITIVE_INFINITY;
    for (double[][] group : advantages) {
      for (double[] own : group) {
        for (int t = 0; t < own.length; t++) {
          own[t] = (own[t] - all.mean()) / divisor;
        }
      }
    }
  }

  private Moments moments(double[] own, double tokens) {
    if (this == COMPLETIONS) {
      return Moments.of(new double[] {Arrays.stream(own).average().orElseThrow()});
    }
    double[] weights = new double[own.length];
    Arrays.fill(weights, tokens / own.length);
    return Moments.weighted(own, weights);
  }
}
