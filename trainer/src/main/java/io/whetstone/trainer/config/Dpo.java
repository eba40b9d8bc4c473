package io.whetstone.trainer.config;

import io.whetstone.datasets.settings.Default;
import io.whetstone.datasets.settings.Inline;
import io.whetstone.trainer.algorithm.PreferenceLoss;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * Direct preference optimization (Rafailov et al. 2023), on pairs from a file or from the policy's
 * own scored rollouts. The reference is the policy at the beginning of the stage, or of the round;
 * its logprobs are computed once.
 *
 * @param pairs a file of pairs; this or {@code rollouts}
 * @param rollouts what pairs are made of
 * @param pairing how
 * @param tasksPerRound tasks drawn for at the beginning of a round; with {@code rollouts}
 * @param rounds each draws anew; with {@code rollouts}
 * @param steps optimizer steps a round, over its pairs, shuffled anew each pass
 * @param batch pairs a step
 * @param loss a pair's loss
 * @param beta how strongly the reference holds
 * @param labelSmoothing chance that a pair is the wrong way round; sigmoid only
 * @param nllWeight weight of the chosen completion's mean −log-likelihood a token, added to the
 *     loss
 */
public record Dpo(
    Optional<String> name,
    Optional<PairsFile> pairs,
    Optional<Drawing> rollouts,
    @Default(value = "{}", source = "see its keys") Pairing pairing,
    Optional<Integer> tasksPerRound,
    @Default(value = "1", source = "Rafailov et al. 2023") int rounds,
    int steps,
    int batch,
    @Default(value = "\"sigmoid\"", source = "Rafailov et al. 2023, eq. 7")
        PreferenceLoss.Form loss,
    @Default(value = "0.1", source = "Rafailov et al. 2023, app. B") double beta,
    @Default(value = "0", source = "Rafailov et al. 2023; cDPO, Mitchell 2023, has more")
        double labelSmoothing,
    @Default(value = "0", source = "Rafailov et al. 2023; Pang et al. 2024, §2, has 1")
        double nllWeight,
    @Inline Optimization optimization,
    @Inline Cadence cadence)
    implements Stage {

  public Dpo {
    if (pairs.isPresent() == rollouts.isPresent()) {
      throw new IllegalArgumentException(
          (pairs.isPresent() ? "both" : "none") + " of pairs and rollouts given; expected one");
    }
    if (rollouts.isPresent() != tasksPerRound.isPresent()) {
      throw new IllegalArgumentException(
          "tasks-per-round: "
              + (rollouts.isPresent() ? "is missing" : "is only for rollouts")
              + "; it says for how many tasks pairs are drawn");
    }
    if (rollouts.isPresent() && rollouts.get().samples() < 2) {
      throw new IllegalArgumentException("rollouts.samples: a pair needs 2 or more");
    }
    if (pairs.isPresent() && rounds != 1) {
      throw new IllegalArgumentException("rounds: " + rounds + " is only for rollouts");
    }
    if (pairs.isPresent() && pairs.get().margin().isPresent()) {
      throw new IllegalArgumentException(
          "pairs.margin: "
              + pairs.get().margin().get()
              + ": dpo has no margins; leave it out (a reward-model stage takes it)");
    }
    tasksPerRound.ifPresent(n -> Range.atLeast("tasks-per-round", n, 1));
    Range.atLeast("rounds", rounds, 1);
    Range.atLeast("steps", steps, 1);
    Range.atLeast("batch", batch, 1);
    Range.positive("beta", beta);
    Range.below("label-smoothing", labelSmoothing, 0, 0.5);
    Range.notNegative("nll-weight", nllWeight);
    if (labelSmoothing > 0 && loss != PreferenceLoss.Form.SIGMOID) {
      throw new IllegalArgumentException("label-smoothing: is only for loss: sigmoid");
    }
    optimization.schedule().requireWithin(Math.multiplyExact(rounds, steps));
  }

  @Override
  public String kind() {
    return "dpo";
  }

  @Override
  public Optional<Drawing> drawing() {
    return rollouts;
  }

  @Override
  public List<Path> files() {
    return pairs.map(file -> List.of(file.path())).orElseGet(() -> Stage.super.files());
  }
}
