package io.whetstone.datasets.tables;

import io.whetstone.datasets.DatasetException;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/**
 * Patterns of paths as Hugging Face's datasets writes them: {@code *} and {@code ?} within a name,
 * {@code **} over any number of directories (also none), {@code [a-z]}, {@code {a,b}}.
 */
final class FilePattern {

  private FilePattern() {}

  static boolean isPattern(String text) {
    return text.matches(".*[*?\\[{].*");
  }

  /**
   * @throws DatasetException when it has a set of characters that is none, as in {@code [z-a]}
   */
  static Pattern of(String pattern) {
    StringBuilder regex = new StringBuilder();
    boolean within = false; // braces
    for (int i = 0; i < pattern.length(); i++) {
      char c = pattern.charAt(i);
      if (pattern.startsWith("**/", i)) {
        regex.append("(?:.*/)?");
        i += 2;
      } else if (pattern.startsWith("**", i)) {
        regex.append(".*");
        i++;
      } else if (c == '*') {
        regex.append("[^/]*");
      } else if (c == '?') {
        regex.append("[^/]");
      } else if (c == '[' && pattern.indexOf(']', i + 2) > 0) {
        int end = pattern.indexOf(']', i + 2);
        String set = pattern.substring(i + 1, end).replaceAll("[\\\\\\[\\]^&]", "\\\\$0");
        regex.append('[').append(set.startsWith("!") ? "^" + set.substring(1) : set).append(']');
        i = end;
      } else if (c == '{') {
        regex.append("(?:");
        within = true;
      } else if (c == '}' && within) {
        regex.append(')');
        within = false;
      } else if (c == ',' && within) {
        regex.append('|');
      } else {
        regex.append(Pattern.quote(String.valueOf(c)));
      }
    }
    try {
      return Pattern.compile(within ? Pattern.quote(pattern) : regex.toString());
    } catch (PatternSyntaxException e) {
      throw new DatasetException(
          "\"" + pattern + "\" is no pattern of files' names: " + e.getDescription(), e);
    }
  }
}
