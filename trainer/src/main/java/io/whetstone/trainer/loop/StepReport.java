package io.whetstone.trainer.loop;

import io.whetstone.trainer.rollout.ScoredRollout;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What a step did.
 *
 * @param metrics by the keys of docs/metrics.md, in order
 * @param rollouts every group drawn in the step; empty for supervised steps
 * @param advantages for each group, one a completion; NaN where it took no part
 * @param completionTokens tokens drawn, or trained on in supervised steps
 */
public record StepReport(
    Map<String, Double> metrics,
    List<ScoredRollout> rollouts,
    double[][] advantages,
    long completionTokens) {
  public StepReport {
    metrics = new LinkedHashMap<>(metrics);
    rollouts = List.copyOf(rollouts);
  }
}
