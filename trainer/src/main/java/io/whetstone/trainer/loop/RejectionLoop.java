package io.whetstone.trainer.loop;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.whetstone.tensor.Philox;
import io.whetstone.tensor.Tensor;
import io.whetstone.trainer.algorithm.Advantages;
import io.whetstone.trainer.algorithm.LearningRateSchedule;
import io.whetstone.trainer.config.RejectionSampling;
import io.whetstone.trainer.rollout.Packer;
import io.whetstone.trainer.rollout.ScoredRollout;
import io.whetstone.trainer.rollout.TrainingSample;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Rejection sampling: supervised training on the best of the policy's own completions.
 *
 * <pre>
 * at a round's first step: tasks → groups of rollouts → rewards → those that are kept
 * each step: a batch of the kept → forward → −Σ weight · logprob → backward → AdamW
 * </pre>
 */
final class RejectionLoop implements StageLoop {
  private final RejectionSampling settings;
  private final OwnRollouts rollouts;
  private final KeptCompletions keep;
  private final SupervisedUpdate update;
  private final AdamW optimizer;
  private final LearningRateSchedule schedule;
  private final long key;
  private List<Lesson> kept = List.of();

  /**
   * @param key of the order in which kept completions come up
   */
  RejectionLoop(RejectionSampling settings, Policy policy, OwnRollouts rollouts, long key) {
    this.settings = settings;
    this.rollouts = rollouts;
    this.keep = new KeptCompletions(settings.keep(), settings.drawn().solvedBy());
    this.key = key;
    this.update =
        new SupervisedUpdate(
            policy.model(),
            new Packer(settings.optimization().microBatchTokens()),
            Schedules.reduction(settings.reduction(), 1));
    this.optimizer = new AdamW(policy.model(), settings.optimization());
    this.schedule = Schedules.of(settings.optimization(), steps());
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
      drawn =
          Optional.of(
              rollouts.draw(settings.tasksPerRound(), step, optimizer.steps(), timer, metrics));
      choose(drawn.get(), metrics);
    }
    long round = step / settings.steps();
    List<Lesson> batch =
        Lesson.batch(
            kept, (long) within * settings.batch(), settings.batch(), Philox.derive(key, round));
    List<TrainingSample> samples = new ArrayList<>();
    for (Lesson lesson : batch) {
      samples.add(lesson.sample(0, samples.size()));
    }
    long tokens = samples.stream().mapToLong(TrainingSample::trainedTokens).sum();
    Optional<SkippedStep> skipped = Optional.empty();
    metrics.put("sft/tokens", (double) tokens);
    metrics.put("learning-rate", schedule.at(step));
    try {
      metrics.put("sft/loss", update.accumulate(samples));
      metrics.put("gradient/norm", optimizer.step(schedule.at(step)));
    } catch (NonFiniteException e) {
      skipped =
          Optional.of(
              SkippedStep.of(
                  update.blame(e, samples),
                  "the completion",
                  batch.stream().map(Lesson::task).toList()));
    }
    timer.lap("train");
    timer.into(metrics, drawn.map(Collected::tokens).orElse(tokens));
    return drawn
        .map(all -> report(all, metrics))
        .orElseGet(() -> StepReport.supervised(metrics, tokens, Optional.empty()))
        .skipping(skipped);
  }

  private void choose(Collected drawn, Map<String, Double> metrics) {
    List<Lesson> lessons = new ArrayList<>();
    int tasks = 0;
    for (ScoredRollout group : drawn.all()) {
      int[] wanted = keep.of(group);
      tasks += wanted.length > 0 ? 1 : 0;
      for (int i : wanted) {
        lessons.add(
            Lesson.drawn(
                group.rollout().visit().task().id(),
                group.rollout().prompt(),
                group.rollout().completions().get(i)));
      }
    }
    if (lessons.isEmpty()) {
      throw new StoppedStepException(
          new EmptyRoundException(
              settings.label()
                  + ".keep: none of "
                  + drawn.all().size() * settings.drawn().samples()
                  + " completions is kept, so there is nothing to learn from; the rollouts of this"
                  + " step show what was drawn: loosen keep, draw more, or train the policy first"),
          StepReport.untrained(drawn));
    }
    kept = lessons;
    metrics.put("rejection/kept", (double) lessons.size());
    metrics.put("rejection/tasks-kept", (double) tasks / drawn.all().size());
    metrics.put("rejection/passes", (double) settings.steps() * settings.batch() / lessons.size());
  }

  /** Kept completions have an advantage of 1, the others took no part. */
  private StepReport report(Collected drawn, Map<String, Double> metrics) {
    double[][][] values = drawn.unused().values();
    List<Advantages.Group> outcomes = new ArrayList<>();
    for (int g = 0; g < values.length; g++) {
      int[] wanted = keep.of(drawn.all().get(g));
      for (int i : wanted) {
        values[g][i] = new double[] {1};
      }
      outcomes.add(
          wanted.length > 0 ? Advantages.Group.KEPT : Advantages.Group.DROPPED_OUT_OF_RANGE);
    }
    return StepReport.drawn(metrics, drawn, new Advantages(values, outcomes));
  }

  @Override
  public Map<String, Tensor> tensors() {
    return optimizer.moments();
  }

  @Override
  public ObjectNode progress() {
    ObjectNode progress =
        JsonNodeFactory.instance.objectNode().put("optimizer-steps", optimizer.steps());
    rollouts.progress(progress);
    return progress;
  }

  @Override
  public void save(Path directory) throws IOException {
    rollouts.save(directory);
    Lesson.write(directory, kept);
  }

  @Override
  public void restore(ObjectNode progress, Path directory) throws IOException {
    optimizer.restoreSteps(progress.required("optimizer-steps").asLong());
    rollouts.restore(progress, directory);
    kept = Lesson.read(directory);
  }

  @Override
  public void close() {
    update.close();
    optimizer.close();
  }
}
