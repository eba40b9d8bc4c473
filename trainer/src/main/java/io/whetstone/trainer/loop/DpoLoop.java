package io.whetstone.trainer.loop;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.whetstone.model.Transformer;
import io.whetstone.tensor.Philox;
import io.whetstone.tensor.Tensor;
import io.whetstone.trainer.algorithm.Advantages;
import io.whetstone.trainer.algorithm.LearningRateSchedule;
import io.whetstone.trainer.config.Dpo;
import io.whetstone.trainer.rollout.ScoredRollout;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Direct preference optimization.
 *
 * <pre>
 * at a round's first step: pairs (a file's, or of groups of rollouts and their rewards)
 *   → their logprobs under the policy as it is: the reference
 * each step: a batch of pairs → logprobs → the loss's slope → forward, backward → AdamW
 * </pre>
 */
final class DpoLoop implements StageLoop {
  private final Dpo settings;
  private final Optional<OwnRollouts> rollouts;
  private final Optional<PairSource> file;
  private final Pairs pairing;
  private final PreferenceUpdate update;
  private final AdamW optimizer;
  private final LearningRateSchedule schedule;
  private final long key;
  private List<Lesson> pairs = List.of();

  /**
   * @param key of the order in which pairs come up
   */
  DpoLoop(
      Dpo settings,
      Policy policy,
      Optional<OwnRollouts> rollouts,
      Optional<PairSource> file,
      long key) {
    Transformer model = policy.model();
    this.settings = settings;
    this.rollouts = rollouts;
    this.file = file;
    this.pairing = new Pairs(settings.pairing());
    this.key = key;
    this.update = new PreferenceUpdate(settings, model);
    this.optimizer = new AdamW(model, settings.optimization());
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
      drawn = begin(step, timer, metrics);
    }
    long round = step / settings.steps();
    List<Lesson> batch =
        Lesson.batch(
            pairs, (long) within * settings.batch(), settings.batch(), Philox.derive(key, round));
    Optional<SkippedStep> skipped = Optional.empty();
    metrics.put("learning-rate", schedule.at(step));
    try {
      update.accumulate(batch, metrics);
      metrics.put("gradient/norm", optimizer.step(schedule.at(step)));
    } catch (NonFiniteException e) {
      List<String> tasks = batch.stream().map(Lesson::task).toList();
      skipped = Optional.of(SkippedStep.of(update.blame(e, batch), "the pair", tasks));
    }
    timer.lap("train");
    long tokens =
        batch.stream().flatMap(l -> l.completions().stream()).mapToLong(ids -> ids.length).sum();
    metrics.put("dpo/tokens", (double) tokens);
    timer.into(metrics, drawn.map(Collected::tokens).orElse(tokens));
    return drawn
        .map(all -> report(all, metrics))
        .orElseGet(() -> StepReport.supervised(metrics, tokens, Optional.empty()))
        .skipping(skipped);
  }

  private Optional<Collected> begin(int step, Timer timer, Map<String, Double> metrics)
      throws InterruptedException {
    if (file.isPresent()) {
      pairs =
          update.withReferences(
              file.get().read().stream()
                  .flatMap(line -> line.stream().map(PairSource.Pair::lesson))
                  .toList());
      timer.lap("reference");
      return Optional.empty();
    }
    Collected drawn =
        rollouts
            .orElseThrow()
            .draw(settings.tasksPerRound().orElseThrow(), step, optimizer.steps(), timer, metrics);
    List<Lesson> made =
        drawn.all().stream().flatMap(group -> pairing.lessons(group).stream()).toList();
    if (made.isEmpty()) {
      throw new StoppedStepException(
          new EmptyRoundException(
              settings.label()
                  + ".pairing: no two completions of the "
                  + drawn.all().size()
                  + " tasks differ enough in reward to make a pair; the rollouts of this step show"
                  + " what was drawn: draw more samples, or other tasks"),
          StepReport.untrained(drawn));
    }
    pairs = update.withReferences(made);
    metrics.put("dpo/pairs", (double) made.size());
    timer.lap("reference");
    return Optional.of(drawn);
  }

  /** Advantages 1 and −1: the better and the worse of a pair; the others took no part. */
  private StepReport report(Collected drawn, Map<String, Double> metrics) {
    double[][][] values = drawn.unused().values();
    List<Advantages.Group> outcomes = new ArrayList<>();
    for (int g = 0; g < values.length; g++) {
      ScoredRollout group = drawn.all().get(g);
      List<int[]> made = pairing.of(group);
      for (int[] pair : made) {
        values[g][pair[0]] = new double[] {1};
        values[g][pair[1]] = new double[] {-1};
      }
      outcomes.add(
          made.isEmpty() ? Advantages.Group.DROPPED_WITHOUT_VARIANCE : Advantages.Group.KEPT);
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
    rollouts.ifPresent(own -> own.progress(progress));
    return progress;
  }

  @Override
  public void save(Path directory) throws IOException {
    if (rollouts.isPresent()) {
      rollouts.get().save(directory);
    }
    Lesson.write(directory, pairs);
  }

  @Override
  public void restore(ObjectNode progress, Path directory) throws IOException {
    optimizer.restoreSteps(progress.required("optimizer-steps").asLong());
    if (rollouts.isPresent()) {
      rollouts.get().restore(progress, directory);
    }
    pairs = Lesson.read(directory);
  }

  @Override
  public void close() {
    update.close();
    optimizer.close();
  }
}
