package io.whetstone.trainer.loop;

import io.whetstone.trainer.algorithm.Advantages;
import io.whetstone.trainer.rollout.ScoredRollout;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What a step did.
 *
 * @param metrics by the keys of docs/metrics.md, in order
 * @param rollouts every group drawn in the step; empty for supervised steps
 * @param advantages of the groups' completions; of no groups for supervised steps
 * @param maskTruncated whether truncated completions stayed out of the loss
 * @param completionTokens tokens drawn, or trained on in supervised steps
 * @param skipped why the step left the weights as they were, where it did
 */
public record StepReport(
    Map<String, Double> metrics,
    List<ScoredRollout> rollouts,
    Advantages advantages,
    boolean maskTruncated,
    long completionTokens,
    Optional<SkippedStep> skipped) {
  public StepReport {
    metrics = new LinkedHashMap<>(metrics);
    rollouts = List.copyOf(rollouts);
  }

  /** A step on demonstrations or pairs: it drew nothing. */
  static StepReport supervised(
      Map<String, Double> metrics, long tokens, Optional<SkippedStep> skipped) {
    return new StepReport(
        metrics, List.of(), new Advantages(new double[0][][], List.of()), false, tokens, skipped);
  }

  /** A step that ended when its rollouts were drawn. */
  static StepReport untrained(Collected collected) {
    return drawn(Map.of(), collected, collected.unused());
  }

  /** A step that drew rollouts; the advantages say which of them it learns from. */
  static StepReport drawn(Map<String, Double> metrics, Collected collected, Advantages advantages) {
    return new StepReport(
        metrics, collected.all(), advantages, false, collected.tokens(), Optional.empty());
  }

  /** The same, for a step that may have left the weights as they were. */
  StepReport skipping(Optional<SkippedStep> why) {
    return new StepReport(metrics, rollouts, advantages, maskTruncated, completionTokens, why);
  }

  /** Whether the step drew rollouts. */
  boolean drew() {
    return !rollouts.isEmpty();
  }

  /** Whether the tokens of completion {@code i} of group {@code g} were in the loss. */
  public boolean trained(int g, int i) {
    return advantages.trained(g, i)
        && !(maskTruncated && rollouts.get(g).rollout().completions().get(i).stop().truncated());
  }
}
