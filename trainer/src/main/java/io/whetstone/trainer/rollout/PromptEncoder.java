package io.whetstone.trainer.rollout;

import io.whetstone.datasets.Task;
import io.whetstone.tokenizer.Tokenizer;
import io.whetstone.trainer.config.Prompt;

/** Makes token ids of a task's prompt. */
public final class PromptEncoder {
  private final Tokenizer tokenizer;
  private final Prompt prompt;
  private final int maxPositions;

  public PromptEncoder(Tokenizer tokenizer, Prompt prompt, int maxPositions) {
    this.tokenizer = tokenizer;
    this.prompt = prompt;
    this.maxPositions = maxPositions;
  }

  /** The text the model reads, the assistant's prefix included. */
  public String text(Task task) {
    return prompt.render(task.prompt());
  }

  /** What the prompt says on the assistant's behalf already. */
  public String assistantPrefix() {
    return prompt.assistantPrefix();
  }

  /**
   * The ids the model reads.
   *
   * @throws IllegalArgumentException naming the task, when its prompt and {@code tokens} more do
   *     not fit the model's positions: nothing is cut
   */
  public int[] encode(Task task, int tokens) {
    int[] ids;
    try {
      ids = tokenizer.encode(text(task));
    } catch (RuntimeException e) {
      throw new IllegalArgumentException("task " + task.id() + ": " + e.getMessage(), e);
    }
    if (ids.length == 0) {
      throw new IllegalArgumentException("task " + task.id() + ": the prompt is empty");
    }
    if (ids.length + tokens > maxPositions) {
      throw new IllegalArgumentException(
          "task "
              + task.id()
              + ": its prompt has "
              + ids.length
              + " tokens, which with "
              + tokens
              + " more exceed the model's "
              + maxPositions
              + " positions; raise max-positions, lower max-tokens, or leave the task out");
    }
    return ids;
  }
}
