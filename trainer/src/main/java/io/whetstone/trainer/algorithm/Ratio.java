package io.whetstone.trainer.algorithm;

import java.util.Arrays;

/** Of what the importance ratio ρ between the policy and the one that sampled is. */
public enum Ratio {
  /** Of each token: π_t / π_old,t (PPO, GRPO). */
  TOKEN,
  /**
   * Of the sequence, to the power of 1 / length: exp(mean_t log(π_t / π_old,t)) (GSPO, Zheng et al.
   * 2025). The gradient flows through all its tokens.
   */
  SEQUENCE,
  /**
   * The same value, of which only the token's own share has a gradient (GSPO-token): right where
   * advantages differ between a sequence's tokens.
   */
  SEQUENCE_TOKEN,
  /** Of the sequence: Π_t π_t / π_old,t (RLOO, Ahmadian et al. 2024, where it is one action). */
  SEQUENCE_PRODUCT;

  /** log ρ at each token of the sequence, nats. */
  double[] logRatios(PolicyLoss.Sequence sequence) {
    double[] own = new double[sequence.size()];
    Arrays.setAll(own, sequence::logRatio);
    if (this == TOKEN) {
      return own;
    }
    double sum = 0;
    for (double logRatio : own) {
      sum += logRatio;
    }
    Arrays.fill(own, this == SEQUENCE_PRODUCT ? sum : sum / own.length);
    return own;
  }

  /**
   * From ∂/∂log ρ at each token to ∂/∂logprob.
   *
   * @param slopes multiplied already; not changed
   */
  double[] gradients(double[] slopes) {
    if (this == TOKEN || this == SEQUENCE_TOKEN) {
      return slopes;
    }
    double sum = 0;
    for (double slope : slopes) {
      sum += slope;
    }
    double[] gradients = new double[slopes.length];
    Arrays.fill(gradients, this == SEQUENCE_PRODUCT ? sum : sum / slopes.length);
    return gradients;
  }
}
