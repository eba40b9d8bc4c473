package io.whetstone.rewards.instructions;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** The parts that instructions divide a response into. */
final class Paragraphs {

  private Paragraphs() {}

  /** Paragraphs between {@code ***}; −1 where one in the middle is blank. */
  static int divided(String text) {
    String[] parts = text.split("\\s?\\*\\*\\*\\s?", -1);
    int count = parts.length;
    for (int i = 0; i < parts.length; i++) {
      if (parts[i].isBlank()) {
        if (i > 0 && i < parts.length - 1) {
          return -1;
        }
        count--;
      }
    }
    return count;
  }

  /**
   * Whether there are so many paragraphs (between blank lines), and one begins with a word.
   *
   * @param nth counted from 1
   * @param word in lower case
   */
  static boolean startsWith(String text, int wanted, int nth, String word) {
    String[] parts = text.split("\\n\\n", -1);
    int count = 0;
    for (String part : parts) {
      count += part.isBlank() ? 0 : 1;
    }
    if (count != wanted || nth < 1 || nth > count || parts[nth - 1].isBlank()) {
      return false;
    }
    String first = parts[nth - 1].strip().split("\\s+")[0];
    first = first.replaceFirst("^'+", "").replaceFirst("^\"+", "");
    return first.split("[.,?!'\"]", -1)[0].toLowerCase(Locale.ROOT).equals(word);
  }

  /** Two different responses with {@code ******} between them. */
  static boolean areTwoResponses(String text) {
    String[] parts = text.split("\\*\\*\\*\\*\\*\\*", -1);
    List<String> responses = new ArrayList<>();
    for (int i = 0; i < parts.length; i++) {
      if (!parts[i].isBlank()) {
        responses.add(parts[i].strip());
      } else if (i > 0 && i < parts.length - 1) {
        return false;
      }
    }
    return responses.size() == 2 && !responses.get(0).equals(responses.get(1));
  }
}
