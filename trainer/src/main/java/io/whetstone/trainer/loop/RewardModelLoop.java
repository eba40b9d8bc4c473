package io.whetstone.trainer.loop;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.whetstone.checkpoints.ReplacedDirectory;
import io.whetstone.rewards.models.ScoreModel;
import io.whetstone.tensor.Philox;
import io.whetstone.tensor.Tensor;
import io.whetstone.trainer.algorithm.LearningRateSchedule;
import io.whetstone.trainer.config.RewardModel;
import io.whetstone.trainer.loop.RewardExample.Labelled;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Fits a reward model.
 *
 * <pre>
 * at a round's first step: a file's examples, or tasks → groups of rollouts → rewards
 *   → (step labels) → examples, of which some are held out
 * each step: a batch of them → scores → the loss's slopes → forward, backward → AdamW
 * at the end: tested on what was held out, and left under its name for later stages
 * </pre>
 */
final class RewardModelLoop implements StageLoop {
  private static final String WEIGHTS = "reward-model.";

  private final RewardModel settings;
  private final ScoreModel model;
  private final RewardExampleSource source;
  private final RewardModelUpdate update;
  private final AdamW optimizer;
  private final LearningRateSchedule schedule;
  private final Path directory;
  private final long key;
  private final List<RewardExample> training = new ArrayList<>();
  private final List<RewardExample> heldOut = new ArrayList<>();

  /**
   * @param directory where the model is left
   * @param key of the order in which examples come up
   */
  RewardModelLoop(
      RewardModel settings,
      ScoreModel model,
      RewardExampleSource source,
      Path directory,
      long key) {
    this.settings = settings;
    this.model = model;
    this.source = source;
    this.update = new RewardModelUpdate(settings, model);
    this.optimizer = new AdamW(model, settings.optimization());
    this.schedule = Schedules.of(settings.optimization(), steps());
    this.directory = directory;
    this.key = key;
  }

  @Override
  public int steps() {
    return settings.rounds() * settings.steps();
  }

  @Override
  public StepReport step(int step) throws InterruptedException {
    Timer timer = new Timer();
    Map<String, Double> metrics = new LinkedHashMap<>();
    int within = step % settings.steps();
    Optional<Collected> drawn = Optional.empty();
    if (within == 0) {
      drawn = begin(step, timer, metrics);
    }
    long round = step / settings.steps();
    List<RewardExample> batch =
        Lesson.batch(
            training,
            (long) within * settings.batch(),
            settings.batch(),
            Philox.derive(key, round));
    Optional<SkippedStep> skipped = Optional.empty();
    metrics.put("learning-rate", schedule.at(step));
    try {
      update.accumulate(batch, metrics);
      metrics.put("gradient/norm", optimizer.step(schedule.at(step)));
    } catch (NonFiniteException e) {
      skipped =
          Optional.of(
              SkippedStep.of(
                  update.blame(e, batch),
                  "the example",
                  batch.stream().map(RewardExample::task).toList()));
    }
    timer.lap("train");
    boolean last = step == steps() - 1;
    if (last || settings.testEvery() > 0 && (step + 1) % settings.testEvery() == 0) {
      HeldOutReports reports =
          HeldOutReports.of(model, heldOut, settings.optimization().microBatchTokens());
      reports.into(metrics);
      timer.lap("test");
      if (last) {
        leave(reports);
      }
    }
    long tokens = tokens(batch);
    timer.into(metrics, drawn.map(Collected::tokens).orElse(tokens));
    return drawn
        .map(all -> StepReport.drawn(metrics, all, all.unused()))
        .orElseGet(() -> StepReport.supervised(metrics, tokens, Optional.empty()))
        .skipping(skipped);
  }

  private static long tokens(List<RewardExample> batch) {
    return batch.stream()
        .flatMap(example -> example.completions().stream())
        .mapToLong((Labelled completion) -> completion.ids().length)
        .sum();
  }

  private Optional<Collected> begin(int step, Timer timer, Map<String, Double> metrics)
      throws InterruptedException {
    RewardExampleSource.Read read = source.read(step, optimizer.steps(), timer, metrics);
    training.clear();
    heldOut.clear();
    // A group's completions stay together: those held out are of other tasks.
    int kept = (int) Math.ceil(settings.heldOut() * read.examples().size());
    for (int g = 0; g < read.examples().size(); g++) {
      (g < kept ? heldOut : training).addAll(read.examples().get(g));
    }
    if (training.isEmpty() || heldOut.isEmpty()) {
      RuntimeException none =
          new EmptyRoundException(
              settings.label()
                  + ": "
                  + training.size()
                  + " examples to learn from and "
                  + heldOut.size()
                  + " to test on; draw more tasks or samples, or raise held-out");
      throw read.drawn()
          .<RuntimeException>map(all -> new StoppedStepException(none, StepReport.untrained(all)))
          .orElse(none);
    }
    metrics.put("reward-model/examples", (double) training.size());
    return read.drawn();
  }

  private void leave(HeldOutReports reports) {
    try {
      ReplacedDirectory.write(
          directory,
          aside -> {
            model.save(aside);
            reports.write(aside.resolve("report.json"));
          });
    } catch (IOException e) {
      throw new UncheckedIOException(directory + ": cannot be written: " + e.getMessage(), e);
    }
  }

  @Override
  public Map<String, Tensor> tensors() {
    Map<String, Tensor> tensors = new LinkedHashMap<>(optimizer.moments());
    model.weights().forEach((name, weight) -> tensors.put(WEIGHTS + name, weight));
    return tensors;
  }

  @Override
  public ObjectNode progress() {
    ObjectNode progress =
        JsonNodeFactory.instance.objectNode().put("optimizer-steps", optimizer.steps());
    source.progress(progress);
    return progress;
  }

  @Override
  public void save(Path to) throws IOException {
    source.save(to);
    RewardExample.write(to, training, heldOut);
  }

  @Override
  public void restore(ObjectNode progress, Path from) throws IOException {
    model.weightsChanged();
    optimizer.restoreSteps(progress.required("optimizer-steps").asLong());
    source.restore(progress, from);
    training.clear();
    heldOut.clear();
    RewardExample.read(from, training, heldOut);
  }

  @Override
  public void close() {
    optimizer.close();
    model.close();
  }
}
