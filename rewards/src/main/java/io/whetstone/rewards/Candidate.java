package io.whetstone.rewards;

import java.util.Arrays;
import java.util.Objects;

/**
 * One completion to be scored.
 *
 * @param text the completion with its special tokens ({@code <think>} is seen), without the final
 *     stop token
 * @param ids the completion's tokens; empty where only text is known, as in stored completions
 * @param stopReason why generation stopped, in the generator's words: {@code end}, {@code length}
 */
public record Candidate(String text, int[] ids, String stopReason) {

  public Candidate {
    Objects.requireNonNull(text, "text");
    Objects.requireNonNull(stopReason, "stopReason");
    ids = ids.clone();
  }

  /** A completion of which only the text is known. */
  public static Candidate of(String text) {
    return new Candidate(text, new int[0], "end");
  }

  /** Its length in tokens; in code points where only its text is known. */
  public int length() {
    return ids.length > 0 ? ids.length : text.codePointCount(0, text.length());
  }

  /** A copy: what one reward does to it, no other sees. */
  @Override
  public int[] ids() {
    return ids.clone();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Candidate that
        && text.equals(that.text)
        && stopReason.equals(that.stopReason)
        && Arrays.equals(ids, that.ids);
  }

  @Override
  public int hashCode() {
    return Objects.hash(text, stopReason, Arrays.hashCode(ids));
  }
}
