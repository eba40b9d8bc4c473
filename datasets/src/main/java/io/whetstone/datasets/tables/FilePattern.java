package io.whetstone.datasets.tables;

import java.util.regex.Pattern;

/**
 * Patterns of paths as Hugging Face's datasets writes them: {@code *} and {@code ?} within a name,
 * {@code **} over any number of directories (also none), {@code [a-z]}, {@code {a,b}}.
 */
final class FilePattern {

  private FilePattern() {}

  static boolean isPattern(String text) {
    return text.matches(".*[*?\\[{].*");
  }

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
        String set = pattern.substring(i + 1, end).replace("\\", "\\\\").replace("[", "\\[");
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
    return Pattern.compile(within ? Pattern.quote(pattern) : regex.toString());
  }
}
