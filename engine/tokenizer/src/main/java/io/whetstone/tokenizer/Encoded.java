package io.whetstone.tokenizer;

/**
 * A text's ids, and which of its characters each stands for.
 *
 * <p>Example: {@code "aé"} by bytes: ids {@code [64, 127, 102]}, from {@code [0, 1, 1]}, to {@code
 * [1, 2, 2]}: the two bytes of é stand for the same character.
 *
 * @param ids n token ids
 * @param from n indices into the text (chars, as {@code String.charAt} counts)
 * @param to n indices, each past the token's last character
 */
public record Encoded(int[] ids, int[] from, int[] to) {

  /** Marks each id that stands for a character in {@code [start, end)}. */
  public void mark(int start, int end, boolean[] marks) {
    for (int i = 0; i < ids.length; i++) {
      marks[i] |= from[i] < end && to[i] > start;
    }
  }
}
