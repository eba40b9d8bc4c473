package io.whetstone.rewards.instructions;

import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/** Patterns over responses, with the meaning that Python gives them. */
final class Patterns {

  private Patterns() {}

  /**
   * A word as it is searched for: in any case. IFEval takes it as a regular expression; one that is
   * none is searched for as it stands.
   */
  static Pattern word(String word) {
    return compiled("", word, "");
  }

  /** The same, between the ends of words. */
  static Pattern wholeWord(String word) {
    return compiled("\\b", word, "\\b");
  }

  private static Pattern compiled(String before, String word, String after) {
    int flags = Pattern.CASE_INSENSITIVE | Pattern.UNICODE_CASE | Pattern.UNICODE_CHARACTER_CLASS;
    try {
      return Pattern.compile(before + word + after, flags);
    } catch (PatternSyntaxException e) {
      return Pattern.compile(before + Pattern.quote(word) + after, flags);
    }
  }

  static int count(Pattern pattern, String text) {
    return (int) pattern.matcher(text).results().count();
  }
}
