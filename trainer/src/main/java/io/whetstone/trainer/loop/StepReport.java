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
 * @param advantages for each group, one a completion; NaN where its reward or group took no part
 * @param maskTruncated whether truncated completions stayed out of the loss
 * @param completionTokens tokens drawn, or trained on in supervised steps
 */
public record StepReport(
    Map<String, Double> metrics,
    List<ScoredRollout> rollouts,
    double[][] advantages,
    boolean maskTruncated,
    long completionTokens) {
  public StepReport {
    metrics = new LinkedHashMap<>(metrics);
    rollouts = List.copyOf(rollouts);
  }

  /** Whether the tokens of completion {@code i} of group {@code g} were in the loss. */
  public boolean trained(int g, int i) {
    return !Double.isNaN(advantages[g][i])
        && !(maskTruncated && rollouts.get(g).rollout().completions().get(i).stop().truncated());
  }
}
