package io.whetstone.tokenizer;

/** From counts of code points in a text, as the library counts, to indices of its chars. */
final class CodePoints {
  private final int[] indices;

  CodePoints(String text) {
    indices = new int[text.codePointCount(0, text.length()) + 1];
    int at = 0;
    for (int i = 0; i < indices.length; i++) {
      indices[i] = at;
      at += at < text.length() ? Character.charCount(text.codePointAt(at)) : 0;
    }
  }

  int index(int codePoints) {
    return indices[Math.min(codePoints, indices.length - 1)];
  }
}
