package io.whetstone.trainer.rollout;

import io.whetstone.generation.Completion;
import java.util.List;

/**
 * A group: one task's completions before they are scored.
 *
 * @param visit the task and which of its visits this is
 * @param attempt the round of drawing in its step (dynamic sampling), from 0
 * @param prompt ids the completions follow
 * @param completions in the order of their sample number
 */
public record Rollout(TaskVisit visit, int attempt, int[] prompt, List<Completion> completions) {
  public Rollout {
    completions = List.copyOf(completions);
  }
}
