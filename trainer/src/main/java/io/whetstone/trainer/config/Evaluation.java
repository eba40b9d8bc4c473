package io.whetstone.trainer.config;

import io.whetstone.datasets.settings.Default;
import io.whetstone.datasets.settings.Inline;
import java.util.Optional;

/**
 * What is measured on held-out tasks, before and after reinforcement learning and in between.
 *
 * @param tasks what tasks come from (their held-out part); left out: the tasks of the first stage
 *     that has any
 * @param count tasks
 * @param samples completions a task, for pass@1's mean, pass@k and maj@k
 * @param solvedBy the reward whose outcome says whether a completion is right
 * @param longer tasks longer than any demonstration, reported apart
 */
public record Evaluation(
    Optional<Data> tasks,
    @Default(value = "512", source = "± 4 % at most, 95 % confidence") int count,
    @Default(value = "1", source = "pass@1") int samples,
    @Inline Decoding decoding,
    @Default(value = "\"accuracy\"", source = "the built-in check of the final answer")
        String solvedBy,
    Optional<Data> longer) {

  public Evaluation {
    Range.atLeast("count", count, 1);
    Range.atLeast("samples", samples, 1);
  }
}
