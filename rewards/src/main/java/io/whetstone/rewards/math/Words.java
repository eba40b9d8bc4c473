package io.whetstone.rewards.math;

import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/** Tells words from variables that stand side by side, and brings words into one form. */
final class Words {

  private static final Set<String> SHORT =
      Set.of(
          "no", "is", "of", "to", "it", "an", "by", "if", "at", "on", "we", "so", "be", "am", "pm");
  private static final Set<String> FILLERS =
      Set.of(
          "is",
          "are",
          "about",
          "approximately",
          "approx",
          "roughly",
          "exactly",
          "equals",
          "equal",
          "be",
          "to",
          "answer",
          "total",
          "around",
          "simply",
          "just",
          "number",
          "value",
          "of",
          "at",
          "most",
          "least",
          "only");
  private static final Map<String, Long> SCALES =
      Map.of(
          "hundred", 100L,
          "thousand", 1_000L,
          "million", 1_000_000L,
          "billion", 1_000_000_000L,
          "trillion", 1_000_000_000_000L);

  private static final Pattern WRAPPED =
      Pattern.compile(
          "\\\\(?:text|textbf|textit|textrm|texttt|mbox|mathrm|mathbf|mathit|operatorname)"
              + "\\s{0,8}\\{([^{}]*)\\}");
  private static final Pattern INVISIBLE =
      Pattern.compile("\\\\(?:left|right|displaystyle|quad|qquad)(?![a-zA-Z])|\\\\[,;:! ]|[$~\"]");
  private static final Pattern SPACE = Pattern.compile("(?<![0-9])\\s+|\\s+(?![0-9])");
  private static final Pattern ENDS = Pattern.compile("^\\s+|[\\s.,;:?]+$");

  private Words() {}

  /** Whether a run of letters is a word and not a product of variables. */
  static boolean isWord(String run) {
    if (Operation.named(run) != null || run.codePointCount(0, run.length()) < 2) {
      return isForeign(run);
    }
    String lower = run.toLowerCase(Locale.ROOT);
    if (run.length() == 2) {
      return SHORT.contains(lower) || isForeign(run);
    }
    return !constant(lower) && !isAlphabetical(lower) && (hasVowel(lower) || run.length() > 5);
  }

  /** Letters that are no variables: neither Latin nor Greek. */
  private static boolean isForeign(String run) {
    return run.codePoints()
        .anyMatch(
            c -> {
              Character.UnicodeScript script = Character.UnicodeScript.of(c);
              return script != Character.UnicodeScript.LATIN
                  && script != Character.UnicodeScript.GREEK
                  && script != Character.UnicodeScript.COMMON;
            });
  }

  private static boolean constant(String lower) {
    return lower.equals("infinity") || lower.equals("infty") || lower.equals("inf");
  }

  /** {@code abx} and {@code pqr} are products: in order, and the usual letters or neighbours. */
  private static boolean isAlphabetical(String lower) {
    boolean usual = "abcdxyz".indexOf(lower.charAt(0)) >= 0;
    boolean neighbours = true;
    for (int i = 1; i < lower.length(); i++) {
      if (lower.charAt(i) <= lower.charAt(i - 1)) {
        return false;
      }
      usual &= "abcdxyz".indexOf(lower.charAt(i)) >= 0;
      neighbours &= lower.charAt(i) == lower.charAt(i - 1) + 1;
    }
    return usual || neighbours;
  }

  private static boolean hasVowel(String lower) {
    return lower.chars().anyMatch(c -> "aeiouy".indexOf(c) >= 0 || c > 0x7f);
  }

  /** Whether a number may follow this word and be what is meant: {@code the answer is}. */
  static boolean isFiller(String word) {
    return FILLERS.contains(word.toLowerCase(Locale.ROOT));
  }

  /** {@code million}: 1,000,000; null for other words. */
  static Long scale(String word) {
    return SCALES.get(word.toLowerCase(Locale.ROOT));
  }

  /**
   * Text as it is compared: in lower case, without markup, spaces that part no digits, and
   * punctuation at the ends.
   */
  static String normal(String text) {
    String plain = text.indexOf('\\') < 0 ? text : WRAPPED.matcher(text).replaceAll("$1");
    plain = INVISIBLE.matcher(plain).replaceAll(" ");
    plain = ENDS.matcher(plain).replaceAll("");
    return SPACE.matcher(plain).replaceAll("").toLowerCase(Locale.ROOT);
  }

  /** The normal form without brackets around it: {@code (A)} is {@code a}. */
  static String bare(String text) {
    String normal = normal(text);
    while (normal.length() > 2
        && normal.charAt(0) == '('
        && normal.indexOf(')') == normal.length() - 1) {
      normal = normal.substring(1, normal.length() - 1);
    }
    return normal;
  }
}
