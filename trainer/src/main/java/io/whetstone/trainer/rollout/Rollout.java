package io.whetstone.trainer.rollout;

import io.whetstone.generation.Completion;
import java.util.List;
import java.util.Optional;

/**
 * A group: one task's completions before they are scored.
 *
 * @param visit the task and which of its visits this is
 * @param attempt the round of drawing in its step (dynamic sampling), from 0
 * @param prompt ids the completions follow
 * @param completions in the order of their sample number
 * @param greedy one more completion, of the likeliest tokens, where the stage asks for it: its
 *     reward is a baseline (ReMax), it is never trained on
 */
public record Rollout(
    TaskVisit visit,
    int attempt,
    int[] prompt,
    List<Completion> completions,
    Optional<Completion> greedy) {
  public Rollout {
    completions = List.copyOf(completions);
  }

  /** A group without a greedy completion. */
  public Rollout(TaskVisit visit, int attempt, int[] prompt, List<Completion> completions) {
    this(visit, attempt, prompt, completions, Optional.empty());
  }

  /** Tokens drawn for the group, the greedy completion's included. */
  public long tokens() {
    long tokens = greedy.map(c -> c.ids().length).orElse(0);
    for (Completion completion : completions) {
      tokens += completion.ids().length;
    }
    return tokens;
  }
}
