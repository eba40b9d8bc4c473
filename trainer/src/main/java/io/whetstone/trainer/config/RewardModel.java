package io.whetstone.trainer.config;

import io.whetstone.datasets.settings.Default;
import io.whetstone.datasets.settings.Inline;
import io.whetstone.datasets.settings.Key;
import io.whetstone.rewards.models.RewardForm;
import io.whetstone.rewards.models.StepRule;
import io.whetstone.rewards.models.TextHeadSettings;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * Trains a reward model that later stages ask for as {@code model: {name: NAME}}. It begins as the
 * policy is at that moment, with a new scalar head, and leaves the policy as it was; or it is a
 * small head over what a completion's text looks like, made by a library.
 *
 * @param name how later stages call it, and its directory under {@code reward-models/}
 * @param from what it begins as, if not as the policy is: a directory for sequence classification,
 *     whose head is kept, a policy's, or an adapter's, which is merged
 * @param scored whether completions or their steps are scored, or which library's head scores
 *     completions; written {@code kind}
 * @param rollouts what is drawn from the policy and verified; this, {@code pairs} or {@code
 *     labelled-steps}
 * @param tasksPerRound tasks drawn for at the beginning of a round; with {@code rollouts}
 * @param rounds each draws anew; with {@code rollouts}
 * @param pairs a file of preferences; {@code kind: outcome}
 * @param labelledSteps a file of labelled steps; {@code kind: process}
 * @param learn what is learned from rollouts, with {@code kind: outcome}
 * @param pairing how pairs are made of rollouts, with {@code learn: preferences}
 * @param margin how much more a pair's better completion should be worth
 * @param centering holds the sum of a pair's scores near 0
 * @param split where steps end, with {@code kind: process}
 * @param labeling how steps get their labels, with {@code kind: process} and {@code rollouts}
 * @param head the head, with {@code kind: deeplearning4j}; it learns by Adam at the constant {@code
 *     learning-rate}, stops early, and takes {@code steps} at most
 * @param heldOut share of the tasks (or of a file's lines) that is kept out of training and tested
 *     on
 * @param testEvery steps between tests; 0 for one at the end
 * @param steps optimizer steps a round
 * @param batch examples a step: completions, or pairs
 */
public record RewardModel(
    Optional<String> name,
    @HubModel Optional<Path> from,
    @Key("kind") @Default(value = "\"outcome\"", source = "the simpler one") Kind scored,
    Optional<Drawing> rollouts,
    Optional<Integer> tasksPerRound,
    @Default(value = "1", source = "Ouyang et al. 2022") int rounds,
    Optional<PairsFile> pairs,
    Optional<StepsFile> labelledSteps,
    @Default(value = "\"outcomes\"", source = "Cobbe et al. 2021; Lightman et al. 2023, §2")
        Learn learn,
    @Default(value = "{}", source = "see its keys") Pairing pairing,
    @Default(value = "0", source = "Ouyang et al. 2022, eq. 1; Llama 2 has more") double margin,
    @Default(value = "0", source = "Ouyang et al. 2022; Eisenstein et al. 2023 has 0.01")
        double centering,
    @Default(value = "{}", source = "see its keys") StepRule split,
    @Default(value = "{}", source = "see its keys") Labeling labeling,
    @Default(value = "{}", source = "see its keys") TextHeadSettings head,
    @Default(value = "0.1", source = "enough to tell an AUC by") double heldOut,
    @Default(value = "0", source = "at the end") int testEvery,
    int steps,
    int batch,
    @Inline Optimization optimization,
    @Inline Cadence cadence)
    implements Stage {

  /** What kind of model it is. */
  public enum Kind {
    /** A transformer that scores the completion. */
    OUTCOME,
    /** A transformer that scores each step. */
    PROCESS,
    /** A head of deeplearning4j's, over text features; its module is not part of every run. */
    DEEPLEARNING4J
  }

  /** What is learned from rollouts. */
  public enum Learn {
    /** Whether a completion is right, by cross-entropy: the model gives the chance. */
    OUTCOMES,
    /** Which of two is better, by Bradley–Terry: only differences mean something. */
    PREFERENCES
  }

  public RewardModel {
    int sources =
        (rollouts.isPresent() ? 1 : 0)
            + (pairs.isPresent() ? 1 : 0)
            + (labelledSteps.isPresent() ? 1 : 0);
    if (sources != 1) {
      throw new IllegalArgumentException(
          sources + " of rollouts, pairs and labelled-steps given; expected one");
    }
    boolean process = scored == Kind.PROCESS;
    if (pairs.isPresent() && process) {
      throw new IllegalArgumentException(
          "pairs: label completions, not steps; expected kind: outcome");
    }
    if (labelledSteps.isPresent() && !process) {
      throw new IllegalArgumentException("labelled-steps: expected kind: process");
    }
    if (process && learn == Learn.PREFERENCES) {
      throw new IllegalArgumentException(
          "learn: preferences compare completions; expected kind: outcome");
    }
    if (rollouts.isPresent() != tasksPerRound.isPresent()) {
      throw new IllegalArgumentException(
          "tasks-per-round: "
              + (rollouts.isPresent() ? "is missing" : "is only for rollouts")
              + "; it says for how many tasks completions are drawn");
    }
    if (scored == Kind.DEEPLEARNING4J) {
      requireForHead(
          rollouts.isPresent(), "rollouts: are missing; a head learns from nothing else");
      requireForHead(
          from.isEmpty(), "from: " + from.map(Path::toString).orElse("") + ": a head begins anew");
      requireForHead(learn == Learn.OUTCOMES, "learn: preferences: a head learns outcomes");
      requireForHead(rounds == 1, "rounds: " + rounds + ": a head's examples are drawn at once");
      requireForHead(
          optimization.schedule().kind() == Schedule.Kind.CONSTANT
              && optimization.schedule().warmup() == 0,
          "schedule: a head learns at a constant rate; leave it out");
      requireForHead(
          optimization.moments() == MomentPrecision.F32,
          "moments: eight-bit: a head's moments are its library's own, in F32; leave it out");
      requireForHead(
          optimization.weightDecay() == 0,
          "weight-decay: "
              + optimization.weightDecay()
              + ": a head learns by Adam, without it; leave it out");
    }
    tasksPerRound.ifPresent(n -> Range.atLeast("tasks-per-round", n, 2));
    if (rollouts.isEmpty() && rounds != 1) {
      throw new IllegalArgumentException("rounds: " + rounds + " is only for rollouts");
    }
    rollouts.ifPresent(drawing -> drawing.requireSolvedBy("a reward model"));
    Range.atLeast("rounds", rounds, 1);
    Range.notNegative("margin", margin);
    if (margin > 0 && pairs.isPresent() && pairs.get().margin().isPresent()) {
      throw new IllegalArgumentException(
          "margin: " + margin + ": pairs.margin says it for each line; expected one of the two");
    }
    Range.notNegative("centering", centering);
    if (!(heldOut > 0 && heldOut < 1)) {
      throw new IllegalArgumentException("held-out: " + heldOut + " is not in (0, 1)");
    }
    Range.atLeast("test-every", testEvery, 0);
    Range.atLeast("steps", steps, 1);
    Range.atLeast("batch", batch, 1);
    optimization.schedule().requireWithin(Math.multiplyExact(rounds, steps));
  }

  private static void requireForHead(boolean holds, String otherwise) {
    if (!holds) {
      throw new IllegalArgumentException(otherwise + " (kind: deeplearning4j)");
    }
  }

  /** The library that makes it, where it is not a transformer. */
  public Optional<String> headProvider() {
    return scored == Kind.DEEPLEARNING4J ? Optional.of("deeplearning4j") : Optional.empty();
  }

  /** Whether it is fitted to pairs. */
  public boolean comparesPairs() {
    return pairs.isPresent() || learn == Learn.PREFERENCES;
  }

  /** What its number means. */
  public RewardForm form() {
    return new RewardForm(
        scored == Kind.PROCESS ? RewardForm.Kind.PROCESS : RewardForm.Kind.OUTCOME,
        !comparesPairs(),
        split);
  }

  @Override
  public String kind() {
    return "reward-model";
  }

  @Override
  public Optional<Drawing> drawing() {
    return rollouts;
  }

  @Override
  public List<Path> files() {
    return pairs
        .map(file -> List.of(file.path()))
        .or(() -> labelledSteps.map(file -> List.of(file.path())))
        .orElseGet(() -> Stage.super.files());
  }

  @Override
  public boolean reinforces() {
    return false;
  }
}
