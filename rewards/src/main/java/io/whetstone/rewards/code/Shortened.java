package io.whetstone.rewards.code;

/** Texts of programs, short enough for a note. */
final class Shortened {

  private static final int LENGTH = 120;

  private Shortened() {}

  /** In quotes, on one line. */
  static String quoted(String text) {
    return '"' + line(text) + '"';
  }

  /** On one line. */
  static String line(String text) {
    String beginning = text.length() > LENGTH ? text.substring(0, LENGTH) + "…" : text;
    return beginning.replaceAll("\\R", "⏎").replaceAll("\\p{Cntrl}", "·");
  }

  /** The last line that says something: where Python names the exception. */
  static String lastLine(String text) {
    return line(text.stripTrailing().lines().reduce((a, b) -> b).orElse("").strip());
  }

  /** The first line of a compiler's that speaks of an error, else its first. */
  static String firstError(String text) {
    return line(
        text.lines()
            .filter(line -> line.contains("error:"))
            .findFirst()
            .orElse(text.lines().findFirst().orElse("the compiler said nothing"))
            .strip());
  }
}
