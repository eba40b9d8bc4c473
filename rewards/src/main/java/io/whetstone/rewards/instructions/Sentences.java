package io.whetstone.rewards.instructions;

import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Counts sentences. IFEval asks NLTK's trained English splitter; this is a rule for the same cases:
 * a sentence ends at {@code . ! ? …} (with closing quotes) before white space, unless the stop
 * belongs to an abbreviation, an initial or a list's number, or what follows goes on in lower case.
 */
final class Sentences {

  private static final Pattern END =
      Pattern.compile("(\\S*?)([.!?…。！？]+)([\"'”’)\\]*]*)(?=\\s+(\\S)|\\s*$|(?<=[。！？]))");
  private static final Set<String> ABBREVIATIONS =
      Set.of(
          "mr", "mrs", "ms", "dr", "prof", "sr", "jr", "st", "vs", "e.g", "i.e", "etc", "cf", "fig",
          "vol", "inc", "ltd", "co", "corp", "gen", "rev", "hon", "approx", "dept", "est", "a.m",
          "p.m", "u.s", "u.k", "ph.d", "jan", "feb", "mar", "apr", "aug", "sept", "oct", "nov",
          "dec");

  private Sentences() {}

  static int count(String text) {
    Matcher end = END.matcher(text);
    int sentences = 0;
    int from = 0;
    while (end.find()) {
      if (endsHere(end, text)) {
        sentences += text.substring(from, end.end()).isBlank() ? 0 : 1;
        from = end.end();
      }
    }
    return sentences + (text.substring(from).isBlank() ? 0 : 1);
  }

  private static boolean endsHere(Matcher end, String text) {
    if (!end.group(2).equals(".")) {
      return !end.group(2).startsWith("..") || startsSentence(end.group(4));
    }
    String word = end.group(1).replaceFirst("^[\"'“‘(\\[]+", "").toLowerCase(Locale.ROOT);
    boolean last = end.group(4) == null;
    if (last) {
      return true;
    }
    boolean initial = word.length() == 1 && Character.isLetter(word.charAt(0)) && !word.equals("i");
    boolean numero = word.equals("no") && Character.isDigit(end.group(4).charAt(0));
    boolean number = word.matches("\\d+") && isAtLineStart(text, end.start(1));
    return !ABBREVIATIONS.contains(word)
        && !initial
        && !numero
        && !number
        && startsSentence(end.group(4));
  }

  private static boolean startsSentence(String next) {
    return next == null || !Character.isLowerCase(next.codePointAt(0));
  }

  private static boolean isAtLineStart(String text, int at) {
    int i = at - 1;
    while (i >= 0 && (text.charAt(i) == ' ' || text.charAt(i) == '\t')) {
      i--;
    }
    return i < 0 || text.charAt(i) == '\n';
  }
}
