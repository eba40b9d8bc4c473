package io.whetstone.rewards.math;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Multiple choice: {@code B}, {@code (B)}, {@code B.}, {@code \textbf{(B)}\ 12}. */
final class Choices {

  private static final Pattern GOLD = Pattern.compile("\\(?([A-J])\\)?\\.?");
  private static final Pattern MARKED =
      Pattern.compile(
          "(?:(?i:option|choice|answer)\\s+)?\\(?([A-J])(?:\\)|[.:](?=\\s|$)|(?=$)).*",
          Pattern.DOTALL);
  private static final Pattern WORDED =
      Pattern.compile("(?:(?i:option|choice|answer)\\s+)?([A-J]),?\\s+[a-z].*", Pattern.DOTALL);
  private static final Pattern MARKUP =
      Pattern.compile(
          "\\\\(?:text|textbf|textrm|mathrm|mathbf|boxed|mbox)\\s*(?=\\{)|[{}$*]|\\\\["
              + " ,;]|\\\\(?:quad|qquad)");

  private Choices() {}

  /** The letter of a gold answer that is nothing but a choice. */
  static Optional<String> gold(String text) {
    Matcher matcher = GOLD.matcher(plain(text));
    return matcher.matches() ? Optional.of(matcher.group(1)) : Optional.empty();
  }

  /** The letter that an answer chooses, whatever it says after it. */
  static Optional<String> answer(String text) {
    String plain = plain(text);
    Matcher marked = MARKED.matcher(plain);
    if (marked.matches()) {
      return Optional.of(marked.group(1));
    }
    Matcher worded = WORDED.matcher(plain);
    return worded.matches() ? Optional.of(worded.group(1)) : Optional.empty();
  }

  private static String plain(String text) {
    return text.length() > 1_000 ? text : MARKUP.matcher(text).replaceAll("").strip();
  }
}
