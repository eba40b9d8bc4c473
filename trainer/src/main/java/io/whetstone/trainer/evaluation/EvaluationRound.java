package io.whetstone.trainer.evaluation;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Everything an evaluation during a run measures.
 *
 * @param sampled on held-out tasks at the configured temperature
 * @param greedy on the same tasks, the likeliest token each time
 * @param longer on tasks longer than any demonstration; null where none are configured
 * @param examples a few rollouts in full, the first of the sampled ones
 */
public record EvaluationRound(
    Measured sampled, Measured greedy, Measured longer, List<Example> examples) {

  /**
   * A rollout for people to read.
   *
   * @param prompt as the model read it
   * @param completion as it was drawn
   * @param answer the gold answer; empty where there is none
   * @param outcome the deciding reward's
   */
  public record Example(String prompt, String completion, String answer, String outcome) {}

  public EvaluationRound {
    examples = List.copyOf(examples);
  }

  /** What there is to say of a round that measured the averaged weights, beside the policy's. */
  public void averageMetrics(Map<String, Double> metrics) {
    metrics.put("eval/average-pass@1", sampled.passAt1().estimate());
    metrics.put("eval/average-pass@1-low", sampled.passAt1().low());
    metrics.put("eval/average-pass@1-high", sampled.passAt1().high());
    metrics.put("eval/average-greedy", greedy.passAt1().estimate());
  }

  /** By the keys of docs/metrics.md; what could not be measured is left out. */
  public Map<String, Double> metrics() {
    Map<String, Double> metrics = new LinkedHashMap<>();
    metrics.put("eval/pass@1", sampled.passAt1().estimate());
    metrics.put("eval/pass@1-low", sampled.passAt1().low());
    metrics.put("eval/pass@1-high", sampled.passAt1().high());
    if (sampled.samples() > 1) {
      metrics.put("eval/pass@" + sampled.samples(), sampled.passAtK());
      metrics.put("eval/maj@" + sampled.samples(), sampled.majorityAtK());
    }
    metrics.put("eval/greedy", greedy.passAt1().estimate());
    metrics.put("eval/format", sampled.format());
    metrics.put("eval/thinks", sampled.thinks());
    metrics.put("eval/accuracy-thinking", sampled.accuracyThinking());
    metrics.put("eval/completion-length", sampled.lengthMean());
    metrics.put("eval/think-length", sampled.thoughtLengthMean());
    metrics.put("eval/truncated", sampled.truncated());
    metrics.put("eval/failed", (double) sampled.failed());
    if (longer != null) {
      metrics.put("eval/longer-pass@1", longer.passAt1().estimate());
    }
    metrics.values().removeIf(value -> value.isNaN());
    return metrics;
  }
}
