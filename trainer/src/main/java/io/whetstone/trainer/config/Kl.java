package io.whetstone.trainer.config;

import io.whetstone.datasets.settings.Default;

/**
 * The pull towards the reference, the policy the stage began with.
 *
 * @param coefficient 0 for none; no reference is then held
 * @param estimator which estimate of the divergence
 * @param place where it enters
 * @param refreshEvery steps after which the reference moves to the policy; 0 for never
 * @param refreshMix how far it moves: reference ← mix · policy + (1 − mix) · reference, weight by
 *     weight; 1 all the way (TR-DPO's hard update), less in between (its soft one)
 */
public record Kl(
    @Default(value = "0", source = "DAPO, Yu et al. 2025, §2.3") double coefficient,
    @Default(value = "\"k3\"", source = "GRPO, Shao et al. 2024, eq. 4") Estimator estimator,
    @Default(value = "\"loss\"", source = "GRPO, Shao et al. 2024, §4.1.1") Place place,
    @Default(value = "0", source = "a fixed reference") int refreshEvery,
    @Default(
            value = "1",
            source = "the reference becomes the policy; TR-DPO, Gorbatovski et al. 2024, has 0.6")
        double refreshMix) {

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
    Range.above("refresh-mix", refreshMix, 0, 1);
  }
}
