package io.whetstone.rewards;

import io.whetstone.datasets.Task;
import java.util.List;
import java.util.Objects;

/**
 * The completions of one task, scored together so that a reward may compare them.
 *
 * @param promptPrefix what the prompt already said on the assistant's behalf, such as {@code
 *     <think>}; empty for most templates
 */
public record Group(Task task, String promptPrefix, List<Candidate> candidates) {

  public Group {
    Objects.requireNonNull(task, "task");
    Objects.requireNonNull(promptPrefix, "promptPrefix");
    candidates = List.copyOf(candidates);
    if (candidates.isEmpty()) {
      throw new IllegalArgumentException("candidates: [] is not one candidate or more");
    }
  }
}
