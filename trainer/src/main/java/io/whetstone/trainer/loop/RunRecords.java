package io.whetstone.trainer.loop;

import io.whetstone.datasets.DatasetSummary;
import io.whetstone.generation.Completion;
import io.whetstone.trainer.config.Stage;
import io.whetstone.trainer.rollout.ScoredRollout;
import io.whetstone.trainer.run.Environment;
import io.whetstone.trainer.run.LearningSigns;
import io.whetstone.trainer.run.Machine;
import io.whetstone.trainer.run.Progress;
import io.whetstone.trainer.run.Recorder;
import io.whetstone.trainer.run.RewardModelWords;
import io.whetstone.trainer.run.RolloutRecord;
import io.whetstone.trainer.run.RunDirectory;
import io.whetstone.trainer.run.RunException;
import io.whetstone.trainer.run.RunSummary;
import io.whetstone.trainer.run.ScoreRecordFiles;
import io.whetstone.trainer.run.Verdict;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What a run leaves behind and shows while it goes: records, summary, progress, verdict. */
public final class RunRecords implements AutoCloseable {
  private static final Duration BETWEEN_SUMMARIES = Duration.ofSeconds(2);

  private final RunDirectory run;
  private final Progress progress;
  private final InstantSource clock;
  private final List<String> command;
  private final ScoreRecordFiles scores;
  private RunState state = new RunState();
  private Recorder recorder;
  private LearningSigns signs = new LearningSigns();
  private Instant summarised = Instant.MIN;

  /**
   * @param command the command line, for the record
   */
  public RunRecords(
      RunDirectory run, Progress progress, InstantSource clock, List<String> command) {
    this.run = run;
    this.progress = progress;
    this.clock = clock;
    this.command = List.copyOf(command);
    this.scores = new ScoreRecordFiles(run.scores());
  }

  /** The record of scores that cannot be computed again. */
  ScoreRecordFiles scores() {
    return scores;
  }

  Path checkpoints() {
    return run.checkpoints();
  }

  /** Where reward models are left for later stages. */
  Path rewardModels() {
    return run.checkpoints().resolveSibling("reward-models");
  }

  /** What the run took so far, the work that a killed process lost included. */
  double wallSecondsSoFar() {
    return RunSummary.wallSecondsSoFar(run);
  }

  /** Opens the records where the run stands; what a killed process wrote later is cut off. */
  void begin(RunState standing, boolean resumed, String backend, long seed) {
    state = standing;
    progress.say(backend);
    Environment environment = Environment.here(backend, seed, command);
    if (resumed) {
      for (String difference : environment.resume(run)) {
        progress.say(difference + ": the run may not end with the bits it would have had");
      }
    } else {
      if (Files.exists(run.environment())) {
        progress.say("there is no checkpoint yet, so the run begins anew");
      }
      environment.begin(run);
    }
    recorder = resumed ? Recorder.resume(run, state.records, clock) : Recorder.begin(run, clock);
    if (resumed) {
      progress.say("resumed after " + state.globalStep + " steps");
    }
    summarise(RunSummary.Status.RUNNING, null, null);
  }

  /** Data were opened; what there is to say of a file is said. */
  void audited(DatasetSummary data) {
    if (data.training() != Long.MAX_VALUE) {
      progress.say(data.toString());
    }
  }

  /** A stage begins, or goes on where the run stands. */
  void stage(Stage stage, int steps) {
    signs = new LearningSigns();
    progress.stage(stage.label(), steps, state.step);
  }

  /** Something is being done that is no step. */
  void doing(String what) {
    progress.doing(what);
  }

  /** What is being drawn has come so far. */
  void drawing(int done, int all, long tokens) {
    progress.drawing(done, all, tokens);
  }

  /** The evaluation before reinforcement learning: a line of metrics for step 0 of the stage. */
  void before(Stage stage) {
    recorder.step(stage.label(), 0, state.before.metrics(), List.of());
  }

  /** A step is done. */
  void step(Stage stage, Map<String, Double> measured, StepReport report) {
    Map<String, Double> metrics = new LinkedHashMap<>(measured);
    Machine.residentBytes()
        .ifPresent(bytes -> metrics.put("system/resident-bytes", (double) bytes));
    metrics.put("step/skipped", report.skipped().isPresent() ? 1.0 : 0);
    if (report.skipped().isPresent()) {
      SkippedStep skipped = report.skipped().get();
      recorder.skipped(stage.label(), state.step, skipped.text(), skipped.batch());
      progress.say(stage.label() + ", step " + state.step + " is skipped: " + skipped.text());
    }
    recorder.step(stage.label(), state.step, metrics, rollouts(report));
    progress.step(state.step, metrics);
    if (report.drew()) {
      signs.after(metrics).forEach(progress::say);
    }
    RewardModelWords.of(stage.label(), metrics).forEach(progress::say);
    if (Duration.between(summarised, clock.instant()).compareTo(BETWEEN_SUMMARIES) > 0) {
      summarise(RunSummary.Status.RUNNING, null, null);
    }
  }

  /** A step ended the run: what it drew is kept to be looked at, until the step is done again. */
  void stopped(Stage stage, int step, StepReport report) {
    recorder.rollouts(stage.label(), step, rollouts(report));
  }

  static List<RolloutRecord> rollouts(StepReport report) {
    List<RolloutRecord> records = new ArrayList<>();
    for (int g = 0; g < report.rollouts().size(); g++) {
      ScoredRollout group = report.rollouts().get(g);
      List<Completion> completions = group.rollout().completions();
      for (int i = 0; i < completions.size(); i++) {
        boolean[] forced = completions.get(i).forced();
        boolean[] trained = new boolean[forced.length];
        boolean inLoss = report.trained(g, i);
        double[] advantages =
            inLoss ? report.advantages().perToken(g, i, trained.length) : new double[0];
        for (int t = 0; t < forced.length; t++) {
          trained[t] = inLoss && !forced[t];
          if (inLoss && forced[t]) {
            advantages[t] = 0;
          }
        }
        records.add(RolloutRecord.of(group, i, trained, advantages));
      }
      if (group.rollout().greedy().isPresent()) {
        records.add(RolloutRecord.greedy(group));
      }
    }
    return records;
  }

  /** Forces the records to disk and says how long they are. */
  Map<String, Long> sync() {
    return recorder.sync();
  }

  /**
   * The run has ended, for now or for good.
   *
   * @param weightsSha256 of the weights as they are
   */
  TrainingOutcome end(String weightsSha256, Optional<String> interrupted) {
    boolean done = interrupted.isEmpty();
    summarise(done ? RunSummary.Status.DONE : RunSummary.Status.INTERRUPTED, weightsSha256, null);
    boolean measured = state.before != null && state.after != null;
    return new TrainingOutcome(
        interrupted,
        done && measured
            ? Optional.of(new Verdict(state.before, state.after).text(run))
            : Optional.empty());
  }

  /** The run has failed; the newest checkpoint is what it goes on from. */
  public void fail(String message) {
    try {
      if (recorder == null) {
        RunSummary.failedBeforeBeginning(run, message);
      } else {
        summarise(RunSummary.Status.FAILED, null, message);
      }
    } catch (RunException e) {
      // The error that ends the run is the one to report; a full disk often is behind both.
      progress.say(e.getMessage());
    }
  }

  private void summarise(RunSummary.Status status, String weightsSha256, String error) {
    List<RunSummary.Stage> stages =
        state.stages.stream()
            .map(t -> new RunSummary.Stage(t.name, t.steps, t.wallSeconds, t.completionTokens))
            .toList();
    new RunSummary(
            status,
            state.wallSeconds,
            stages,
            state.before,
            state.after,
            state.logprobMismatchMax,
            weightsSha256,
            error)
        .write(run);
    summarised = clock.instant();
  }

  @Override
  public void close() {
    if (recorder != null) {
      recorder.close();
    }
  }
}
