package io.whetstone.trainer.command;

import io.whetstone.trainer.config.Drawing;
import io.whetstone.trainer.config.Grpo;
import io.whetstone.trainer.config.Sft;
import io.whetstone.trainer.config.Stage;

/**
 * What one step of a stage reads and writes, where completions are as long as they may be.
 *
 * @param groups prompts drawn for; demonstrations of a supervised stage
 * @param perGroup completions a prompt
 * @param prompt tokens of a prompt, on average
 * @param completion tokens of a completion, at most; of a demonstration, on average
 * @param inFlight completions that decode together at most; 0 where nothing is drawn
 * @param microBatch rows of one forward and backward
 * @param passes how often a step's rows are trained on
 * @param reference whether a reference scores them, too
 */
record StageLoad(
    String stage,
    int groups,
    int perGroup,
    double prompt,
    double completion,
    int inFlight,
    int microBatch,
    int passes,
    boolean reference) {

  /**
   * @param prompt tokens of a prompt on average, as far as the data were looked at
   * @param demonstration tokens of a demonstration on average, likewise
   */
  static StageLoad of(Stage stage, double prompt, double demonstration) {
    int microBatch = stage.optimization().microBatchTokens();
    if (stage instanceof Sft sft) {
      return new StageLoad(
          stage.label(), sft.batch(), 1, 0, demonstration, 0, microBatch, 1, false);
    }
    Drawing drawing = stage.drawing().orElse(null);
    if (drawing == null) {
      return new StageLoad(stage.label(), 0, 0, 0, 0, 0, microBatch, 1, false);
    }
    int groups = stage instanceof Grpo grpo ? grpo.tasksPerStep() : 1;
    int passes = stage instanceof Grpo grpo ? grpo.updatesPerBatch().epochs() : 1;
    boolean reference = stage instanceof Grpo grpo && grpo.kl().coefficient() > 0;
    return new StageLoad(
        stage.label(),
        groups,
        drawing.samples(),
        prompt,
        drawing.decoding().maxTokens(),
        drawing.rolloutsInFlight(),
        microBatch,
        passes,
        reference);
  }

  /** Whether it is known how much a step is. */
  boolean known() {
    return groups > 0 && completion > 0;
  }

  /** Completions of a step. */
  int completions() {
    return groups * perGroup;
  }

  /** Completions that decode together. */
  int together() {
    return Math.min(inFlight, completions());
  }

  /** Rows of a step, a group's prompt once. */
  double rows() {
    return groups * (prompt + perGroup * completion);
  }

  /** Rows that predict a token that is learned. */
  double headRows() {
    return completions() * completion;
  }

  /** Positions in the cache at most. */
  long cached() {
    return (long) (together() * completion + groups * prompt);
  }

  /** Rows of the largest micro-batch; all that may be where it is not known how much a step is. */
  int largestMicroBatch() {
    return known() ? (int) Math.max(1, Math.min(microBatch, rows())) : microBatch;
  }
}
