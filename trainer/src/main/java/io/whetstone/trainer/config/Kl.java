package io.whetstone.trainer.config;

import io.whetstone.datasets.settings.Default;
import java.util.Optional;

/**
 * The pull towards the reference, the policy the stage began with.
 *
 * @param coefficient 0 for none; no reference is then held
 * @param estimator which estimate of the divergence
 * @param place where it enters
 * @param straightThrough the loss has the value of the estimator and the gradient of k2
 * @param biasCorrected the loss has the estimate times the ratio to the policy that sampled
 * @param target nats a token; the coefficient is steered so that the divergence comes to it; left
 *     out: it is constant
 * @param horizon completions over which it is steered
 * @param refreshEvery steps after which the reference moves to the policy; 0 for never
 * @param refreshMix how far it moves: reference ← mix · policy + (1 − mix) · reference, weight by
 *     weight; 1 all the way (TR-DPO's hard update), less in between (its soft one)
 */
public record Kl(
    @Default(value = "0", source = "DAPO, Yu et al. 2025, §2.3") double coefficient,
    @Default(value = "\"k3\"", source = "GRPO, Shao et al. 2024, eq. 4") Estimator estimator,
    @Default(value = "\"loss\"", source = "GRPO, Shao et al. 2024, §4.1.1") Place place,
    @Default(value = "false", source = "GRPO, Shao et al. 2024; verl's k3+ says true")
        boolean straightThrough,
    @Default(value = "false", source = "GRPO, Shao et al. 2024; DeepSeek-V3.2 says true")
        boolean biasCorrected,
    Optional<Double> target,
    @Default(value = "10000", source = "Ziegler et al. 2019, §2.2; verl") double horizon,
    @Default(value = "0", source = "a fixed reference") int refreshEvery,
    @Default(
            value = "1",
            source = "the reference becomes the policy; TR-DPO, Gorbatovski et al. 2024, has 0.6")
        double refreshMix) {

  /**
   * Schulman's estimators (2020), with r = p_reference / p_policy: −ln r, (ln r)²/2, r − 1 − ln r;
   * and |ln r|.
   */
  public enum Estimator {
    K1,
    K2,
    K3,
    ABS
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
    target.ifPresent(nats -> Range.positive("target", nats));
    Range.positive("horizon", horizon);
    if (straightThrough && biasCorrected) {
      throw new IllegalArgumentException(
          "straight-through: and bias-corrected: each give the gradient; expected one of them");
    }
    if ((straightThrough || biasCorrected) && place != Place.LOSS) {
      throw new IllegalArgumentException(
          (straightThrough ? "straight-through" : "bias-corrected")
              + ": is about a gradient, which the reward has none of; expected place: loss");
    }
  }
}
