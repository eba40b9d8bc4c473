package io.whetstone.trainer.loop;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.whetstone.trainer.evaluation.EvaluationRound;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Where a run stands: what {@code progress.json} of a checkpoint holds, beside the weights and the
 * stage's tensors.
 */
final class RunState {
  /** What a stage has taken so far; wall seconds add up over resumptions. */
  static final class StageTotals {
    public String name;
    public int steps;
    public double wallSeconds;
    public long completionTokens;

    /** Steps that left the weights as they were, for a value that was not finite. */
    public int skipped;
  }

  /** Index of the stage under way; the number of stages when all are done. */
  public int stage;

  /** Steps of that stage that are done. */
  public int step;

  /** Steps done in all stages: a checkpoint's number. */
  public long globalStep;

  /** The stage's own progress; null between stages. */
  public ObjectNode loop;

  /** SHA-256 of each data file, by its path. */
  public Map<String, String> data = Map.of();

  public List<StageTotals> stages = new ArrayList<>();
  public EvaluationRound before;
  public EvaluationRound after;

  /** Largest |sampling − training logprob| seen; NaN before any rollout was trained on. */
  public double logprobMismatchMax = Double.NaN;

  /** Seconds the run has taken, over resumptions. */
  public double wallSeconds;

  /** Lengths of the records when the checkpoint was made. */
  public Map<String, Long> records = Map.of();

  StageTotals totals(String name) {
    if (stages.size() <= stage) {
      StageTotals totals = new StageTotals();
      totals.name = name;
      stages.add(totals);
    }
    return stages.get(stage);
  }

  void stageDone() {
    stage++;
    step = 0;
    loop = null;
  }
}
