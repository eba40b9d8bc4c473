package io.whetstone.trainer.config;

import io.whetstone.datasets.settings.Default;
import io.whetstone.datasets.settings.Inline;
import java.util.Optional;

/**
 * Supervised training on demonstrations.
 *
 * @param data what demonstrations come from
 * @param steps optimizer steps; this or {@code epochs}
 * @param epochs passes over the data, where the data has an end
 * @param batch demonstrations a step
 * @param trainOn which tokens are learned
 * @param maxLength longest demonstration, in tokens, prompt and end included; left out: the model's
 *     positions
 * @param tooLong what becomes of a longer one
 */
public record Sft(
    Optional<String> name,
    Data data,
    Optional<Integer> steps,
    Optional<Integer> epochs,
    int batch,
    @Inline Optimization optimization,
    @Default(value = "\"token-mean\"", source = "cross-entropy a token, transformers' Trainer")
        Reduction reduction,
    @Default(
            value = "\"completion\"",
            source = "TRL's completion_only_loss for prompt-completion data")
        TrainOn trainOn,
    Optional<Integer> maxLength,
    @Default(value = "\"stop\"", source = "nothing is lost silently") TooLong tooLong,
    @Inline Cadence cadence)
    implements Stage {

  public Sft {
    if (steps.isPresent() == epochs.isPresent()) {
      throw new IllegalArgumentException(
          (steps.isPresent() ? "both" : "none") + " of steps and epochs given; expected one");
    }
    steps.ifPresent(n -> Range.atLeast("steps", n, 1));
    steps.ifPresent(optimization.schedule()::requireWithin);
    epochs.ifPresent(n -> Range.atLeast("epochs", n, 1));
    Range.atLeast("batch", batch, 1);
    maxLength.ifPresent(n -> Range.atLeast("max-length", n, 2));
    if (reduction == Reduction.CONSTANT_LENGTH) {
      throw new IllegalArgumentException(
          "reduction: constant-length is for grpo; expected token-mean or sequence-mean");
    }
  }

  @Override
  public String kind() {
    return "sft";
  }

  @Override
  public Optional<Drawing> drawing() {
    return Optional.empty();
  }

  @Override
  public Optional<Data> demonstrations() {
    return Optional.of(data);
  }

  @Override
  public boolean reinforces() {
    return false;
  }
}
