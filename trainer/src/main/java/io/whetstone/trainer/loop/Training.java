package io.whetstone.trainer.loop;

import io.whetstone.checkpoints.Checkpoint;
import io.whetstone.generation.Sampler;
import io.whetstone.generation.SamplerLimits;
import io.whetstone.model.FrozenTypes;
import io.whetstone.rewards.models.HeadProvider;
import io.whetstone.tensor.Backend;
import io.whetstone.tensor.Backends;
import io.whetstone.tensor.Capability;
import io.whetstone.trainer.config.Drawing;
import io.whetstone.trainer.config.Experiment;
import io.whetstone.trainer.config.Precision;
import io.whetstone.trainer.config.RewardModel;
import io.whetstone.trainer.config.Stage;
import io.whetstone.trainer.evaluation.EvaluationPlan;
import io.whetstone.trainer.evaluation.EvaluationRound;
import io.whetstone.trainer.rollout.Purpose;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.stream.Collectors;

/**
 * A run from its configuration to its end.
 *
 * <pre>
 * policy → for each stage: (evaluate before reinforcement learning)
 *   → for each step: step → evaluate when due → record → checkpoint when due
 *   → checkpoint at the stage's end → … → the outcome
 * </pre>
 *
 * <p>Killed at any moment, a run that is resumed goes on from its newest checkpoint to the bits it
 * would have reached: a step depends only on what a checkpoint holds, and the records are cut back
 * to where they stood.
 */
public final class Training {
  private final Experiment experiment;
  private final RunRecords records;
  private final Path directory;
  private final StopRequest stop;

  /**
   * @param records where the run writes
   * @param directory what relative paths in the configuration start from
   * @param stop ends the run after the current step
   */
  public Training(Experiment experiment, RunRecords records, Path directory, StopRequest stop) {
    this.experiment = experiment;
    this.records = records;
    this.directory = directory;
    this.stop = stop;
  }

  /**
   * Runs, or goes on with, all stages.
   *
   * @return how it ended
   * @throws InterruptedException if the thread is interrupted while rewards are computed
   */
  public TrainingOutcome run() throws InterruptedException {
    try (Backend backend = openAll();
        Policy policy = Policy.start(experiment, backend);
        Sampler sampler = new Sampler(policy.model(), policy.tokenizer(), limits(policy));
        StageFactory stages =
            new StageFactory(
                experiment,
                policy,
                sampler,
                directory,
                records.scores(),
                records.rewardModels(),
                records::audited);
        AveragedPolicy average = average(policy)) {
      sampler.watch(records::drawing);
      RunCheckpoints checkpoints =
          new RunCheckpoints(records.checkpoints(), experiment.keepCheckpoints(), policy, source());
      return new Session(policy, stages, checkpoints, Optional.ofNullable(average)).run();
    }
  }

  private Backend openAll() {
    // Now, and not after the hours that earlier stages take.
    for (Stage stage : experiment.stages()) {
      if (stage instanceof RewardModel model) {
        model.headProvider().ifPresent(HeadProvider::named);
      }
    }
    return open(experiment);
  }

  /**
   * The backend that an experiment asks for, as it asks for it.
   *
   * @throws IllegalArgumentException when it is not to be had here, or lacks what is asked for
   */
  public static Backend open(Experiment experiment) {
    Backend backend = Backends.open(experiment.backend(), experiment.threads());
    try {
      require(experiment, backend);
      return backend;
    } catch (RuntimeException e) {
      backend.close();
      throw e;
    }
  }

  private static void require(Experiment experiment, Backend backend) {
    if (experiment.precision() == Precision.BF16
        && !backend.capabilities().contains(Capability.BF16)) {
      throw new IllegalArgumentException(
          "precision: bf16 is not there on the backend " + experiment.backend() + "; use f32");
    }
    if (experiment.exact().orElse(false) && !backend.capabilities().contains(Capability.EXACT)) {
      throw new IllegalArgumentException(
          "exact: true: the backend "
              + experiment.backend()
              + " does not promise the same bits whatever shares the batch; leave exact out, or"
              + " use backend: cpu");
    }
    if (!experiment.offload().isEmpty()) {
      try {
        backend.offload(
            experiment.offload().stream()
                .flatMap(what -> what.purposes().stream())
                .collect(Collectors.toSet()));
      } catch (IllegalArgumentException e) {
        throw new IllegalArgumentException("offload: " + e.getMessage() + "; leave it out", e);
      }
    }
  }

  /** Null without one: try-with-resources closes no Optional. */
  private AveragedPolicy average(Policy policy) {
    return experiment
        .average()
        .map(settings -> new AveragedPolicy(settings, policy.model()))
        .orElse(null);
  }

  /** The model that the policy starts from. */
  private Optional<Path> source() {
    return experiment
        .model()
        .path()
        .map(path -> BaseModel.directory(Policy.directory(path)).toAbsolutePath());
  }

  private SamplerLimits limits(Policy policy) {
    int sequences =
        experiment.stages().stream()
            .flatMap(stage -> stage.drawing().stream())
            .mapToInt(Drawing::rolloutsInFlight)
            .max()
            .orElse(SamplerLimits.DEFAULT_SEQUENCES);
    MemoryPlan plan =
        new MemoryPlan(
            experiment, policy.model().config(), policy.model().lora(), FrozenTypes.NONE, true);
    return SamplerLimits.of(policy.model(), sequences, plan.reserved());
  }

  /** One process's part of a run. */
  private final class Session {
    private final Policy policy;
    private final StageFactory stages;
    private final RunCheckpoints checkpoints;
    private final Optional<AveragedPolicy> average;
    private final long started = System.nanoTime();
    private RunState state = new RunState();
    private double wallBefore;
    private long saved; // steps done at the checkpoint before the next

    Session(
        Policy policy,
        StageFactory stages,
        RunCheckpoints checkpoints,
        Optional<AveragedPolicy> average) {
      this.average = average;
      this.policy = policy;
      this.stages = stages;
      this.checkpoints = checkpoints;
    }

    TrainingOutcome run() throws InterruptedException {
      Optional<Checkpoint> from = checkpoints.latest();
      Map<String, String> data = DataFiles.hashes(experiment, directory);
      if (policy.model().lora().isPresent()) {
        data.putAll(DataFiles.weights(source().orElseThrow()));
      }
      if (from.isPresent()) {
        state = RunCheckpoints.state(from.get());
        DataFiles.requireSame(state.data, data);
        saved = state.globalStep;
        checkpoints.restoreWeights(from.get());
      }
      state.data = data;
      wallBefore = Math.max(state.wallSeconds, records.wallSecondsSoFar());
      state.wallSeconds = wallBefore;
      records.begin(
          state, from.isPresent(), policy.model().backend().description(), experiment.seed());
      while (state.stage < experiment.stages().size() && stop.cause().isEmpty()) {
        Stage stage = experiment.stages().get(state.stage);
        evaluateBefore(stage);
        try (StageLoop loop = stages.open(stage, state.stage)) {
          average.ifPresent(AveragedPolicy::begin);
          if (from.isPresent() && state.loop != null) {
            checkpoints.restoreStage(from.get(), state, loop);
            Path saved = from.get().directory();
            average.ifPresent(a -> a.restore(saved));
          }
          from = Optional.empty();
          run(stage, loop);
        }
      }
      state.wallSeconds = wall();
      boolean done = state.stage == experiment.stages().size();
      return records.end(checkpoints.weightsSha256(), done ? Optional.empty() : stop.cause());
    }

    private void run(Stage stage, StageLoop loop) throws InterruptedException {
      RunState.StageTotals totals = state.totals(stage.label());
      List<SeparationWatch> watches = stages.watches(stage, state.stage);
      records.stage(stage, loop.steps());
      while (state.step < loop.steps()) {
        long begin = System.nanoTime();
        StepReport report = step(stage, loop);
        state.step++;
        state.globalStep++;
        note(report);
        if (report.skipped().isEmpty()) {
          average.ifPresent(AveragedPolicy::step);
        }
        boolean last = state.step == loop.steps();
        Map<String, Double> metrics = new LinkedHashMap<>(report.metrics());
        stages.takeCost(metrics);
        for (SeparationWatch watch : watches) {
          watch.after(state.step, last, metrics);
        }
        OptionalDouble score = evaluateWhenDue(stage, last, metrics);
        // What watching and evaluating cost is in their own times, not in the next step's.
        stages.takeCost(new LinkedHashMap<>());
        totals.steps = state.step;
        totals.completionTokens += report.completionTokens();
        totals.wallSeconds += (System.nanoTime() - begin) * 1e-9;
        state.wallSeconds = wall();
        records.step(stage, metrics, report);
        requireFewSkipped(stage, totals, report);
        boolean due = isDue(stage.cadence().checkpointEvery(), state.step);
        if (last) {
          state.stageDone();
          save(loop, score, false);
          return;
        }
        if (due || score.isPresent() || stop.cause().isPresent()) {
          save(loop, score, true);
        }
        if (stop.cause().isPresent()) {
          return;
        }
      }
    }

    private StepReport step(Stage stage, StageLoop loop) throws InterruptedException {
      records.scores().at(state.globalStep + 1, stage.label());
      try {
        policy.model().keyDropout(Purpose.DROPOUT.key(experiment.seed(), state.globalStep));
        return loop.step(state.step);
      } catch (StoppedStepException e) {
        records.stopped(stage, state.step + 1, e.report());
        throw e.reason();
      }
    }

    private void requireFewSkipped(Stage stage, RunState.StageTotals totals, StepReport report) {
      totals.skipped += report.skipped().isPresent() ? 1 : 0;
      int allowed = stage.optimization().maxSkippedSteps();
      if (report.skipped().isPresent() && totals.skipped > allowed) {
        throw new ArithmeticException(
            "%s, step %d: %s; %d steps of this stage were skipped for such values, and %s.max-skipped-steps is %d. Weights and moments are as they were: lower the learning rate, or look at the batch in skipped.jsonl"
                .formatted(
                    stage.label(),
                    state.step,
                    report.skipped().get().text(),
                    totals.skipped,
                    stage.label(),
                    allowed));
      }
    }

    private void note(StepReport report) {
      double mismatch = report.metrics().getOrDefault("exact/logprob-mismatch-max", Double.NaN);
      if (!Double.isNaN(mismatch)) {
        state.logprobMismatchMax =
            Double.isNaN(state.logprobMismatchMax)
                ? mismatch
                : Math.max(state.logprobMismatchMax, mismatch);
      }
    }

    private void save(StageLoop loop, OptionalDouble score, boolean within) {
      state.loop = within ? loop.progress() : null;
      state.wallSeconds = wall();
      state.records = records.sync();
      checkpoints.save(
          state, within ? loop.tensors() : Map.of(), to -> files(loop, within, to), score);
      records.scores().forget(saved);
      saved = state.globalStep;
    }

    private void files(StageLoop loop, boolean within, Path to) throws IOException {
      if (within) {
        loop.save(to);
      }
      if (average.isPresent()) {
        average.get().save(to);
      }
    }

    /** Before the first stage that reinforces, or before everything where there is none. */
    private void evaluateBefore(Stage stage) throws InterruptedException {
      boolean due = stage.reinforces() || experiment.stages().stream().noneMatch(Stage::reinforces);
      if (state.before == null && state.step == 0 && due && stages.evaluation().isPresent()) {
        state.before = evaluate(stages.evaluation().get());
        records.before(stage);
      }
    }

    private OptionalDouble evaluateWhenDue(Stage stage, boolean last, Map<String, Double> metrics)
        throws InterruptedException {
      boolean end = last && state.stage == experiment.stages().size() - 1;
      boolean due = end || isDue(stage.cadence().evaluateEvery(), state.step);
      if (!due || stages.evaluation().isEmpty()) {
        return OptionalDouble.empty();
      }
      EvaluationRound round = evaluate(stages.evaluation().get());
      if (end) {
        state.after = round;
      }
      metrics.putAll(round.metrics());
      if (average.isPresent() && average.get().isEvaluated()) {
        EvaluationPlan plan = stages.evaluation().get();
        average.get().inPlaceOfPolicy(() -> evaluate(plan)).averageMetrics(metrics);
      }
      return OptionalDouble.of(round.sampled().passAt1().estimate());
    }

    private EvaluationRound evaluate(EvaluationPlan plan) throws InterruptedException {
      records.doing("evaluating held-out tasks");
      records.scores().at(state.globalStep, "evaluation");
      return plan.run();
    }

    private double wall() {
      return wallBefore + (System.nanoTime() - started) * 1e-9;
    }
  }

  private static boolean isDue(int every, int step) {
    return every > 0 && step % every == 0;
  }
}
