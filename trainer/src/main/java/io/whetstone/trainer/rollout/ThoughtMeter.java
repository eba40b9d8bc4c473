package io.whetstone.trainer.rollout;

import io.whetstone.datasets.Task;
import io.whetstone.tokenizer.Tokenizer;

/**
 * Measures the thought in a completion: what stands between {@code <think>} and {@code </think>}
 * (or the end, where it is never closed).
 */
public final class ThoughtMeter {
  private static final String OPEN = "<think>";
  private static final String CLOSE = "</think>";

  private final Tokenizer tokenizer;
  private final PromptEncoder prompts;

  public ThoughtMeter(Tokenizer tokenizer, PromptEncoder prompts) {
    this.tokenizer = tokenizer;
    this.prompts = prompts;
  }

  /** What a task's prompt already says on the assistant's behalf, for {@link #thought}. */
  public String prefix(Task task) {
    return prompts.assistantPrefix(task);
  }

  /**
   * The thought of a completion, without its tags; empty where there is none.
   *
   * @param prefix what the prompt already said on the assistant's behalf
   */
  public String thought(String prefix, String completion) {
    String text = prefix + completion;
    int open = text.indexOf(OPEN);
    if (open < 0) {
      return "";
    }
    int close = text.indexOf(CLOSE, open);
    return text.substring(open + OPEN.length(), close < 0 ? text.length() : close).strip();
  }

  /** Tokens of a thought, encoded on its own. */
  public int tokens(String thought) {
    return thought.isEmpty() ? 0 : tokenizer.encode(thought).length;
  }
}
