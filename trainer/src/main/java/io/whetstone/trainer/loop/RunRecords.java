package io.whetstone.trainer.loop;

import io.whetstone.generation.Completion;
import io.whetstone.trainer.config.Stage;
import io.whetstone.trainer.rollout.ScoredRollout;
import io.whetstone.trainer.run.Recorder;
import io.whetstone.trainer.run.RolloutRecord;
import io.whetstone.trainer.run.RunDirectory;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What a run leaves behind and shows while it goes: records, summary, progress. */
public final class RunRecords implements AutoCloseable {
  private final RunDirectory run;
  private final InstantSource clock;
  private Recorder recorder;

  public RunRecords(RunDirectory run, InstantSource clock) {
    this.run = run;
    this.clock = clock;
  }

  Path checkpoints() {
    return run.checkpoints();
  }

  /** Opens the records where the run stands; what a killed process wrote later is cut off. */
  void begin(RunState state, boolean resumed) {
    recorder = resumed ? Recorder.resume(run, state.records, clock) : Recorder.begin(run, clock);
  }

  /** An evaluation has begun. */
  void evaluating() {}

  /** The evaluation before reinforcement learning: a line of metrics for step 0 of the stage. */
  void before(Stage stage, RunState state) {
    recorder.step(stage.label(), 0, state.before.metrics(), List.of());
  }

  /** A step is done. */
  void step(
      Stage stage, RunState state, int steps, Map<String, Double> metrics, StepReport report) {
    recorder.step(stage.label(), state.step, metrics, rollouts(report));
  }

  private static List<RolloutRecord> rollouts(StepReport report) {
    List<RolloutRecord> records = new ArrayList<>();
    for (int g = 0; g < report.rollouts().size(); g++) {
      ScoredRollout group = report.rollouts().get(g);
      List<Completion> completions = group.rollout().completions();
      for (int i = 0; i < completions.size(); i++) {
        boolean[] trained = new boolean[completions.get(i).ids().length];
        double[] advantages = new double[trained.length];
        boolean inLoss = report.trained(g, i);
        Arrays.fill(trained, inLoss);
        Arrays.fill(advantages, report.advantages()[g][i]);
        records.add(RolloutRecord.of(group, i, trained, inLoss ? advantages : new double[0]));
      }
    }
    return records;
  }

  /** Forces the records to disk and says how long they are. */
  Map<String, Long> sync() {
    return recorder.sync();
  }

  /** The run has ended, for now or for good. */
  TrainingOutcome end(RunState state, Optional<String> interrupted) {
    return new TrainingOutcome(interrupted);
  }

  @Override
  public void close() {
    if (recorder != null) {
      recorder.close();
    }
  }
}
