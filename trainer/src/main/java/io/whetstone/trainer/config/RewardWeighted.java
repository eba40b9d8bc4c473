package io.whetstone.trainer.config;

import io.whetstone.datasets.settings.Default;
import io.whetstone.datasets.settings.Inline;
import java.util.Optional;

/**
 * Reward-weighted regression (Peters &amp; Schaal 2007, "Reinforcement learning by reward-weighted
 * regression for operational space control"): the likelihood of the policy's own completions, each
 * weighted by exp(reward / temperature), the weights of a step having mean 1.
 *
 * @param drawn what is drawn and how it is scored
 * @param tasksPerStep tasks drawn for in a step
 * @param rewardTemperature in units of the reward: small, and only the best count
 * @param over the completions whose weights have mean 1
 * @param maskTruncated leave completions that reached {@code max-tokens} out of the loss
 */
public record RewardWeighted(
    Optional<String> name,
    @Inline Drawing drawn,
    int steps,
    int tasksPerStep,
    @Default(value = "1", source = "AWR, Peng et al. 2019, table 3 (β = 1)")
        double rewardTemperature,
    @Default(value = "\"step\"", source = "Peters & Schaal 2007, eq. 6: over all samples")
        Over over,
    @Default(value = "false", source = "as grpo") boolean maskTruncated,
    @Inline Optimization optimization,
    @Default(value = "\"sequence-mean\"", source = "a completion is one sample")
        Reduction reduction,
    @Inline Cadence cadence)
    implements Stage {

  /** Whose weights have mean 1. */
  public enum Over {
    /** All the step's completions. */
    STEP,
    /** A task's completions: hard tasks weigh as much as easy ones. */
    GROUP
  }

  public RewardWeighted {
    Range.atLeast("steps", steps, 1);
    Range.atLeast("tasks-per-step", tasksPerStep, 1);
    Range.positive("reward-temperature", rewardTemperature);
    optimization.schedule().requireWithin(steps);
    if (reduction == Reduction.CONSTANT_LENGTH) {
      throw new IllegalArgumentException(
          "reduction: constant-length is for grpo; expected token-mean or sequence-mean");
    }
  }

  @Override
  public String kind() {
    return "reward-weighted";
  }

  @Override
  public Optional<Drawing> drawing() {
    return Optional.of(drawn);
  }
}
