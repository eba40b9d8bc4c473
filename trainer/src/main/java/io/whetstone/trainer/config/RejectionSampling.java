package io.whetstone.trainer.config;

import io.whetstone.datasets.settings.Default;
import io.whetstone.datasets.settings.Inline;
import java.util.Optional;

/**
 * Supervised training on the best of the policy's own completions (RAFT, Dong et al. 2023; RFT,
 * Yuan et al. 2023; ReST, Gulcehre et al. 2023).
 *
 * @param drawn what is drawn and how it is scored
 * @param tasksPerRound tasks drawn for at the beginning of a round
 * @param keep which completions are learned from
 * @param rounds each draws anew from the policy as it then is
 * @param steps optimizer steps a round, over the kept completions, shuffled anew each pass
 * @param batch completions a step
 */
public record RejectionSampling(
    Optional<String> name,
    @Inline Drawing drawn,
    int tasksPerRound,
    @Default(value = "{}", source = "see its keys") Keep keep,
    @Default(value = "1", source = "RFT, Yuan et al. 2023") int rounds,
    int steps,
    int batch,
    @Inline Optimization optimization,
    @Default(value = "\"token-mean\"", source = "cross-entropy a token, as sft")
        Reduction reduction,
    @Inline Cadence cadence)
    implements Stage {

  public RejectionSampling {
    Range.atLeast("tasks-per-round", tasksPerRound, 1);
    Range.atLeast("rounds", rounds, 1);
    Range.atLeast("steps", steps, 1);
    Range.atLeast("batch", batch, 1);
    optimization.schedule().requireWithin(Math.multiplyExact(rounds, steps));
    if (reduction == Reduction.CONSTANT_LENGTH) {
      throw new IllegalArgumentException(
          "reduction: constant-length is for grpo; expected token-mean or sequence-mean");
    }
    if (keep.correct()) {
      drawn.requireSolvedBy("keep.correct: true");
    }
  }

  @Override
  public String kind() {
    return "rejection-sampling";
  }

  @Override
  public Optional<Drawing> drawing() {
    return Optional.of(drawn);
  }
}
