package io.whetstone.trainer.config;

import io.whetstone.datasets.settings.Default;

/**
 * The entropy that the bonus is steered to: its coefficient rises while the entropy is at most
 * this, falls otherwise, and acts only in the first case (Skywork-OR1, He et al. 2025).
 *
 * @param nats the target, a token
 * @param delta how much the coefficient moves in an update
 * @param least lower bound of the coefficient
 * @param most upper bound of the coefficient
 */
public record EntropyTarget(
    double nats,
    @Default(value = "0.005", source = "Skywork-OR1, He et al. 2025") double delta,
    @Default(value = "0", source = "TRL's GRPOConfig") double least,
    @Default(value = "1", source = "TRL's GRPOConfig") double most) {
  public EntropyTarget {
    Range.positive("nats", nats);
    Range.notNegative("delta", delta);
    Range.notNegative("least", least);
    Range.within("most", most, least, Double.POSITIVE_INFINITY);
  }
}
