package io.whetstone.trainer.loop;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.whetstone.trainer.config.RewardModel;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Where a reward model's examples come from: the policy's rollouts, pairs, or labelled steps. */
final class RewardExampleSource {
  /**
   * A round's examples.
   *
   * @param examples a list a task, or a line of a file
   * @param drawn what was drawn for them, if anything
   */
  record Read(List<List<RewardExample>> examples, Optional<Collected> drawn) {}

  private final RewardModel settings;
  private final RewardExamples examples;
  private final Optional<OwnRollouts> rollouts;
  private final Optional<PairSource> pairs;
  private final HeldOutGuard guard;
  private final Path directory;

  /**
   * @param directory what a relative path starts from
   */
  RewardExampleSource(
      RewardModel settings,
      RewardExamples examples,
      Optional<OwnRollouts> rollouts,
      Optional<PairSource> pairs,
      HeldOutGuard guard,
      Path directory) {
    this.settings = settings;
    this.examples = examples;
    this.rollouts = rollouts;
    this.pairs = pairs;
    this.guard = guard;
    this.directory = directory;
  }

  Read read(int step, long version, Timer timer, Map<String, Double> metrics)
      throws InterruptedException {
    if (pairs.isPresent()) {
      return new Read(examples.of(pairs.get().read()), Optional.empty());
    }
    if (settings.labelledSteps().isPresent()) {
      Path file = directory.resolve(settings.labelledSteps().get().path());
      return new Read(examples.of(file, guard), Optional.empty());
    }
    Collected drawn =
        rollouts
            .orElseThrow()
            .draw(settings.tasksPerRound().orElseThrow(), step, version, timer, metrics);
    List<List<RewardExample>> made = examples.of(drawn.all(), step, metrics);
    agreement(made, metrics);
    timer.lap("label");
    return new Read(made, Optional.of(drawn));
  }

  /** How often a step's label says what the task's own steps say, where these are known. */
  private static void agreement(List<List<RewardExample>> made, Map<String, Double> metrics) {
    Mean agrees = new Mean();
    Mean badCalledGood = new Mean();
    Mean goodCalledBad = new Mean();
    for (List<RewardExample> group : made) {
      for (RewardExample example : group) {
        for (RewardExample.Labelled completion : example.completions()) {
          for (int s = 0; s < completion.ends().length; s++) {
            double truth = completion.truth()[s];
            if (!Double.isNaN(truth) && !Double.isNaN(completion.labels()[s])) {
              boolean good = completion.labels()[s] >= 0.5;
              agrees.add(good == (truth == 1) ? 1 : 0);
              (truth == 1 ? goodCalledBad : badCalledGood).add(good == (truth == 1) ? 0 : 1);
            }
          }
        }
      }
    }
    if (!Double.isNaN(agrees.mean())) {
      metrics.put("labels/agreement", agrees.mean());
      metrics.put("labels/bad-called-good", badCalledGood.mean());
      metrics.put("labels/good-called-bad", goodCalledBad.mean());
    }
  }

  void progress(ObjectNode into) {
    rollouts.ifPresent(own -> own.progress(into));
  }

  void save(Path to) throws IOException {
    if (rollouts.isPresent()) {
      rollouts.get().save(to);
    }
  }

  void restore(ObjectNode progress, Path from) throws IOException {
    if (rollouts.isPresent()) {
      rollouts.get().restore(progress, from);
    }
  }
}
