package io.whetstone.trainer.rollout;

import io.whetstone.datasets.Task;
import io.whetstone.tokenizer.Tokenizer;
import io.whetstone.trainer.config.Prompt;
import java.util.Arrays;
import java.util.stream.IntStream;

/** Makes token ids of a task's prompt. */
public final class PromptEncoder {
  private final Tokenizer tokenizer;
  private final PromptForm form;
  private final int[] leading;
  private final int maxPositions;

  /**
   * @throws IllegalArgumentException where the model has not what the prompt's form needs
   */
  public PromptEncoder(Tokenizer tokenizer, Prompt prompt, int maxPositions) {
    this.tokenizer = tokenizer;
    this.form = PromptForm.of(prompt, tokenizer);
    // A chat template writes it itself.
    this.leading = form instanceof TextPrompt ? tokenizer.leading() : new int[0];
    this.maxPositions = maxPositions;
  }

  /** How prompts are made. */
  public PromptForm form() {
    return form;
  }

  /** The text the model reads, the assistant's prefix included. */
  public String text(Task task) {
    return form.render(task).text();
  }

  /** What the prompt says on the assistant's behalf already. */
  public String assistantPrefix(Task task) {
    return form.render(task).assistantPrefix();
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
      ids = join(leading, tokenizer.encode(text(task)));
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

  private static int[] join(int[] first, int[] then) {
    return IntStream.concat(Arrays.stream(first), Arrays.stream(then)).toArray();
  }
}
