package io.whetstone.trainer.run;

import java.time.InstantSource;
import java.util.List;
import java.util.Map;

/**
 * Writes a run's records, step by step.
 *
 * <p>A step's rollouts are in place before its line of metrics is appended; so the lines of {@code
 * metrics.jsonl} say which steps happened, and a run killed between the two leaves a file of
 * rollouts that resuming deletes. A checkpoint stores what {@link #sync} returns.
 */
public final class Recorder implements AutoCloseable {
  private static final String METRICS = "metrics.jsonl";

  private final MetricsFile metrics;
  private final RolloutFiles rollouts;
  private final SkippedFile skipped;
  private final InstantSource clock;

  private Recorder(RunDirectory run, long length, InstantSource clock) {
    this.metrics = MetricsFile.open(run.metrics(), length);
    this.rollouts = new RolloutFiles(run.rollouts());
    this.clock = clock;
    rollouts.keepOnly(metrics.steps());
    this.skipped = new SkippedFile(run.path().resolve("skipped.jsonl"));
    skipped.keepOnly(metrics.steps());
  }

  /** Begins a run's records. Records that are there are of no checkpoint and are deleted. */
  public static Recorder begin(RunDirectory run, InstantSource clock) {
    return new Recorder(run, 0, clock);
  }

  /**
   * Goes on with a run's records as they were at a checkpoint: what was written later is deleted.
   *
   * @param lengths what {@link #sync} returned for the checkpoint
   * @throws RunException where the records have lost what they held then
   */
  public static Recorder resume(RunDirectory run, Map<String, Long> lengths, InstantSource clock) {
    Long length = lengths.get(METRICS);
    if (length == null) {
      throw RunException.mistake("the checkpoint does not say how long " + run.metrics() + " was");
    }
    return new Recorder(run, length, clock);
  }

  /**
   * Records a step.
   *
   * @param metrics by the keys of docs/metrics.md
   * @param records every completion of the step; none where it drew none
   */
  public void step(
      String stage, int step, Map<String, Double> metrics, List<RolloutRecord> records) {
    if (!records.isEmpty()) {
      rollouts.write(stage, step, records);
    }
    this.metrics.append(stage, step, clock.instant(), metrics);
  }

  /**
   * Records what a step drew before it ended the run. Resuming deletes it: the step is done again.
   */
  public void rollouts(String stage, int step, List<RolloutRecord> records) {
    rollouts.write(stage, step, records);
    rollouts.sync();
  }

  /**
   * Records that a step left the weights as they were.
   *
   * @param why what was not finite, and where it came from
   * @param batch the step's tasks
   */
  public void skipped(String stage, int step, String why, List<String> batch) {
    skipped.append(stage, step, why, batch);
  }

  /**
   * Forces all records to the device.
   *
   * @return the length in bytes of each record that grows
   */
  public Map<String, Long> sync() {
    rollouts.sync();
    return Map.of(METRICS, metrics.sync());
  }

  @Override
  public void close() {
    metrics.close();
  }
}
