package io.whetstone.rewards.math;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Finds formulas in running text. */
final class Formulas {

  private static final int LONGEST_LINE = 200;
  private static final int MOST_ATTEMPTS = 30;
  private static final Pattern WORD = Pattern.compile("[a-zA-Z]{2,}");
  private static final Pattern SIGNS = Pattern.compile("[=<>≤≥\\\\^(\\[]|sqrt|√|[0-9]:[0-9]");

  private Formulas() {}

  /** What stands between dollars, {@code \(…\)} and {@code \[…\]}; single letters are left out. */
  static List<String> all(String text) {
    List<String> found = new ArrayList<>();
    int at = 0;
    while (at < text.length()) {
      int dollar = text.indexOf('$', at);
      int slash = text.indexOf('\\', at);
      if (dollar < 0 && slash < 0) {
        break;
      }
      if (dollar >= 0 && (slash < 0 || dollar < slash)) {
        at = dollars(text, dollar, found);
      } else {
        at = slashes(text, slash, found);
      }
    }
    return found;
  }

  private static int dollars(String text, int from, List<String> found) {
    String delimiter = text.startsWith("$$", from) ? "$$" : "$";
    int start = from + delimiter.length();
    int end = text.indexOf(delimiter, start);
    if (end < 0) {
      return start;
    }
    // "$5 and $6" is money: a closing dollar follows no space.
    boolean money =
        delimiter.equals("$")
            && (Character.isWhitespace(text.charAt(end - 1))
                || text.indexOf('\n', start) < end && text.indexOf('\n', start) >= 0)
            && start < text.length()
            && Character.isDigit(text.charAt(start));
    if (money) {
      return start;
    }
    add(text.substring(start, end), found);
    return end + delimiter.length();
  }

  private static int slashes(String text, int from, List<String> found) {
    if (!text.startsWith("\\(", from) && !text.startsWith("\\[", from)) {
      return from + 2;
    }
    int end = text.indexOf(text.charAt(from + 1) == '(' ? "\\)" : "\\]", from + 2);
    if (end < 0) { // as for all that open after it: on to the next dollar
      int dollar = text.indexOf('$', from + 2);
      return dollar < 0 ? text.length() : dollar;
    }
    add(text.substring(from + 2, end), found);
    return end + 2;
  }

  private static void add(String formula, List<String> found) {
    if (formula.strip().length() > 1 || formula.chars().anyMatch(Character::isDigit)) {
      found.add(formula.strip());
    }
  }

  /**
   * The longest formula that a line ends with, if it has more than numbers and words in it: {@code
   * x = 3 or x = 4} of "so x = 3 or x = 4".
   */
  static List<String> atEnd(String line) {
    int from = Math.max(0, line.length() - LONGEST_LINE);
    int attempts = 0;
    for (int at = line.indexOf(' ', from); at >= 0; at = line.indexOf(' ', at + 1)) {
      String rest = line.substring(at + 1);
      if (++attempts > MOST_ATTEMPTS || !SIGNS.matcher(rest).find()) {
        break;
      }
      if (isFormula(rest)) {
        return List.of(rest);
      }
    }
    return List.of();
  }

  /** Whether a text can be read as a formula rather than as words. */
  static boolean isFormula(String text) {
    Matcher word = WORD.matcher(text);
    if (word.lookingAt() && Words.isWord(word.group())) {
      return false; // "there are 12", of which only the number is the answer
    }
    try {
      Expression read = Parser.parse(text, false, new Budget(100_000, 100_000_000)).expression();
      return !Rewriter.contains(read, Formulas::isWords);
    } catch (UnreadableException | Budget.Exhausted e) {
      return false;
    }
  }

  /** Words, or letters that only look like a value with words for its unit. */
  private static boolean isWords(Expression part) {
    return part instanceof Expression.Text
        || part instanceof Expression.Quantity quantity
            && !Rewriter.contains(quantity.value(), p -> p instanceof Expression.Number);
  }
}
