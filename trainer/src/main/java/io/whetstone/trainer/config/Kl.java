package io.whetstone.trainer.config;

import io.whetstone.datasets.settings.Default;

/**
 * The pull towards the reference, the policy the stage began with.
 *
 * @param coefficient 0 for none; no reference is then held
 * @param estimator which estimate of the divergence
 * @param place where it enters
 * @param refreshEvery steps after which the reference becomes the policy; 0 for never
 */
public record Kl(
    @Default(value = "0", source = "DAPO, Yu et al. 2025, §2.3") double coefficient,
    @Default(value = "\"k3\"", source = "GRPO, Shao et al. 2024, eq. 4") Estimator estimator,
    @Default(value = "\"loss\"", source = "GRPO, Shao et al. 2024, §4.1.1") Place place,
    @Default(value = "0", source = "a fixed reference") int refreshEvery) {

  /**
   * Schulman's estimators (2020), with r = p_reference / p_policy: −ln r, (ln r)²/2, r − 1 − ln r.
   */
  public enum Estimator {
    K1,
    K2,
    K3
  }

  /** Where the divergence enters. */
  public enum Place {
    /** Added to the loss at each token. */
    LOSS,
    /** The sum over a completion's tokens, taken from its reward. */
    REWARD,
    /** The sum over a token and those after it, taken from its advantage (REINFORCE++, Hu 2025). */
    REWARD_TO_GO
  }

  public Kl {
    Range.notNegative("coefficient", coefficient);
    Range.atLeast("refresh-every", refreshEvery, 0);
  }
}
