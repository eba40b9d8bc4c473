package io.whetstone.trainer.loop;

import io.whetstone.trainer.rollout.ScoredRollout;
import java.util.List;
import java.util.Optional;

/**
 * Why a step left the weights as they were.
 *
 * @param tensor what was not finite
 * @param value what it was: NaN or an infinity
 * @param sample the sample to blame, in words; absent where no single one is
 * @param batch the step's tasks, by id
 */
public record SkippedStep(
    String tensor, double value, Optional<String> sample, List<String> batch) {
  public SkippedStep {
    batch = List.copyOf(batch);
  }

  /** A step on rollouts; its samples are their completions, in order. */
  static SkippedStep of(NonFiniteException found, List<ScoredRollout> rollouts) {
    List<String> tasks = rollouts.stream().map(g -> g.rollout().visit().task().id()).toList();
    int left = found.sample() < 0 ? Integer.MAX_VALUE : found.sample();
    for (ScoredRollout group : rollouts) {
      int size = group.rollout().completions().size();
      if (left < size) {
        String sample = "sample " + left + " of task " + group.rollout().visit().task().id();
        return new SkippedStep(found.tensor(), found.value(), Optional.of(sample), tasks);
      }
      left -= size;
    }
    return new SkippedStep(found.tensor(), found.value(), Optional.empty(), tasks);
  }

  /**
   * A step on data.
   *
   * @param tasks the sources of its samples, one a sample
   */
  static SkippedStep of(NonFiniteException found, String kind, List<String> tasks) {
    int sample = found.sample();
    return new SkippedStep(
        found.tensor(),
        found.value(),
        sample < 0 ? Optional.empty() : Optional.of(kind + " of task " + tasks.get(sample)),
        tasks);
  }

  /** In words: {@code gradient of lm_head.weight is NaN, from sample 3 of task sums/17}. */
  public String text() {
    return tensor
        + " is "
        + (Double.isNaN(value) ? "not a number" : value > 0 ? "infinite" : "−infinite")
        + sample.map(s -> ", from " + s).orElse(", from no single sample");
  }
}
