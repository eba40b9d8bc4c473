package io.whetstone.trainer.config;

import io.whetstone.datasets.settings.Default;
import java.util.Optional;

/**
 * What is done about tokens that another policy drew than the one the step begins with: an older
 * one, or the same in another arithmetic.
 *
 * @param correction how the ratio between the two weighs the policy loss; other than {@code none}
 *     costs a forward pass over the step's rollouts
 * @param least lower bound of the weight
 * @param most upper bound of the weight
 * @param staleLimit leave tokens with a negative advantage out where their sequence's logprobs fell
 *     by more than this on average, in nats a token; left out: none
 */
public record OffPolicy(
    @Default(value = "\"none\"", source = "rollouts are of the policy they train")
        Correction correction,
    @Default(value = "0", source = "TIS, Yao et al. 2025: no lower bound; IcePop says 0.5")
        double least,
    @Default(value = "2", source = "TIS, Yao et al. 2025; IcePop says 5, TRL 3") double most,
    Optional<Double> staleLimit) {

  /** How weights come about. */
  public enum Correction {
    NONE,
    /** Each token's ratio, held within the bounds (TIS). */
    TOKEN_TRUNCATE,
    /** Each token's ratio, 0 outside the bounds (IcePop). */
    TOKEN_MASK,
    /** The sequence's ratio, held within the bounds. */
    SEQUENCE_TRUNCATE,
    /** The sequence's ratio, 0 outside the bounds (TRL's default). */
    SEQUENCE_MASK
  }

  public OffPolicy {
    Range.within("least", least, 0, 1);
    Range.within("most", most, 1, Double.POSITIVE_INFINITY);
    staleLimit.ifPresent(limit -> Range.positive("stale-limit", limit));
  }
}
