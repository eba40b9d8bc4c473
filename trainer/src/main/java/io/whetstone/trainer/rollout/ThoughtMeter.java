package io.whetstone.trainer.rollout;

import io.whetstone.tokenizer.Tokenizer;

/**
 * Measures the thought in a completion: what stands between {@code <think>} and {@code </think>}
 * (or the end, where it is never closed).
 */
public final class ThoughtMeter {
  private static final String OPEN = "<think>";
  private static final String CLOSE = "</think>";

  private final Tokenizer tokenizer;
  private final String assistantPrefix;

  public ThoughtMeter(Tokenizer tokenizer, String assistantPrefix) {
    this.tokenizer = tokenizer;
    this.assistantPrefix = assistantPrefix;
  }

  /** The thought of a completion, without its tags; empty where there is none. */
  public String thought(String completion) {
    String text = assistantPrefix + completion;
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
