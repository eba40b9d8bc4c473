package io.whetstone.tokenizer;

/** Finds and names what a tokenizer cannot represent. Positions count characters (code points). */
final class Representability {
  private static final int CONTEXT = 12;

  private Representability() {}

  static void requireWellFormed(String text) {
    for (int i = 0; i < text.length(); ) {
      int c = text.codePointAt(i);
      if (c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE) {
        throw new TokenizerException(
            String.format(
                "the text is not valid Unicode: an unpaired surrogate (U+%04X) at character %d of"
                    + " %s",
                c, text.codePointCount(0, i) + 1, around(text, i)));
      }
      i += Character.charCount(c);
    }
  }

  /** True when {@code text} is {@code back} without some of its spaces. */
  static boolean onlySpacesInserted(String text, String back) {
    int at = 0;
    for (char c : back.toCharArray()) {
      if (at < text.length() && text.charAt(at) == c) {
        at++;
      } else if (c != ' ') {
        return false;
      }
    }
    return at == text.length();
  }

  /**
   * The error for a text that does not come back; a search, so only made once it is known to fail.
   */
  static TokenizerException failure(Tokenizer tokenizer, String text) {
    for (int i = 0; i < text.length(); ) {
      int added = tokenizer.addedTokenAt(text, i);
      if (added > 0) {
        i += added;
        continue;
      }
      int c = text.codePointAt(i);
      String character = Character.toString(c);
      String back = backOf(tokenizer, character);
      if (!character.equals(back)) {
        return new TokenizerException(
            String.format(
                "the vocabulary cannot represent '%s' (U+%04X) at character %d of %s",
                character, c, text.codePointCount(0, i) + 1, around(text, i)));
      }
      i += Character.charCount(c);
    }
    String back = backOf(tokenizer, text);
    int at = 0;
    while (back != null
        && at < Math.min(back.length(), text.length())
        && back.charAt(at) == text.charAt(at)) {
      at++;
    }
    return new TokenizerException(
        "the tokenizer does not give this text back: from character "
            + (text.codePointCount(0, Math.min(at, text.length())) + 1)
            + " on, "
            + around(text, at)
            + " becomes "
            + (back == null ? "nothing" : around(back, at)));
  }

  private static String backOf(Tokenizer tokenizer, String text) {
    try {
      return tokenizer.decode(tokenizer.rawEncode(text));
    } catch (RuntimeException e) {
      return null; // what the library says is less than what the caller of this says
    }
  }

  private static String around(String text, int index) {
    int from = Math.max(0, index - CONTEXT);
    int to = Math.min(text.length(), index + CONTEXT);
    return (from > 0 ? "\"…" : "\"")
        + text.substring(from, to).replace("\n", "\\n")
        + (to < text.length() ? "…\"" : "\"");
  }
}
