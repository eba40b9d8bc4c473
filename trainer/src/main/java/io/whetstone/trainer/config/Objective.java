package io.whetstone.trainer.config;

import io.whetstone.datasets.settings.Default;
import io.whetstone.trainer.algorithm.Ratio;
import io.whetstone.trainer.algorithm.TokenRule;
import java.util.Optional;

/**
 * What an update minimizes beside the reduction and the KL term; its keys stand among the stage's.
 *
 * @param loss which loss carries the advantages
 * @param ratio of what the importance ratio is: tokens or sequences
 * @param clipLow of the loss {@code clipped}: the ratio is held above 1 − this
 * @param clipHigh and below 1 + this
 * @param clipDelta and, where the advantage is negative, below this: dual clip's constant; left
 *     out: no such bound
 * @param tokenRule tokens that are treated otherwise; costs a forward pass an update
 * @param offPolicy what is done about rollouts of another policy
 * @param entropyBonus coefficient of the mean entropy (nats a token) that is added to the objective
 * @param entropyTarget steers that coefficient; left out: it is constant
 */
public record Objective(
    @Default(value = "\"clipped\"", source = "PPO, Schulman et al. 2017; GRPO") Loss loss,
    @Default(value = "\"token\"", source = "PPO; GRPO, Shao et al. 2024, eq. 3") Ratio ratio,
    @Default(value = "0.2", source = "PPO, Schulman et al. 2017, §6.1") double clipLow,
    @Default(value = "0.2", source = "PPO, Schulman et al. 2017, §6.1") double clipHigh,
    Optional<Double> clipDelta,
    Optional<TokenRule> tokenRule,
    @Default(value = "{}", source = "see its keys") OffPolicy offPolicy,
    @Default(value = "0", source = "GRPO, Shao et al. 2024, has none") double entropyBonus,
    Optional<EntropyTarget> entropyTarget) {

  public Objective {
    Range.below("clip-low", clipLow, 0, 1);
    Range.notNegative("clip-high", clipHigh);
    double above = 1 + clipHigh;
    clipDelta.ifPresent(delta -> Range.above("clip-delta", delta, above, Double.POSITIVE_INFINITY));
    Range.notNegative("entropy-bonus", entropyBonus);
    if (ratio != Ratio.TOKEN && !loss.takesRatio()) {
      throw new IllegalArgumentException(
          "ratio: this loss has its own; expected token, or another loss");
    }
    boolean corrected = offPolicy.correction() != OffPolicy.Correction.NONE;
    if (corrected && loss instanceof Loss.Vespo) {
      throw new IllegalArgumentException(
          "off-policy.correction: vespo's kernel is of the whole ratio to the policy that sampled;"
              + " expected none");
    }
    if (tokenRule.isPresent() && loss instanceof Loss.GeometricMean) {
      throw new IllegalArgumentException(
          "token-rule: a geometric mean is over all tokens of a sequence; expected none");
    }
  }
}
