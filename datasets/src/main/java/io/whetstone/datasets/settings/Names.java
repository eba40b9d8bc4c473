package io.whetstone.datasets.settings;

import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** Names as people write them. */
public final class Names {

  private Names() {}

  /** {@code stopEarly} and {@code STOP_EARLY} become {@code stop-early}, {@code A1B} a1b. */
  public static String kebab(String name) {
    boolean constant = name.equals(name.toUpperCase(Locale.ROOT));
    String words = constant ? name : name.replaceAll("([a-z0-9])([A-Z])", "$1-$2");
    return words.replace('_', '-').toLowerCase(Locale.ROOT);
  }

  /**
   * What to say of a name that nobody knows: {@code is not known; did you mean weight? known:
   * deadline, weight}.
   */
  public static String unknown(String name, Collection<String> known) {
    if (known.isEmpty()) {
      return "is not known; nothing is expected here";
    }
    List<String> sorted = known.stream().sorted().toList();
    String nearest =
        sorted.stream().min(Comparator.comparingInt(k -> distance(name, k))).orElseThrow();
    boolean near = distance(name, nearest) <= Math.max(2, nearest.length() / 3);
    return "is not known; "
        + (near ? "did you mean " + nearest + "? known: " : "known: ")
        + sorted.stream().collect(Collectors.joining(", "));
  }

  /** Levenshtein's distance, upper and lower case alike. */
  static int distance(String a, String b) {
    int[] row = new int[b.length() + 1];
    for (int j = 0; j < row.length; j++) {
      row[j] = j;
    }
    for (int i = 1; i <= a.length(); i++) {
      int diagonal = row[0];
      row[0] = i;
      for (int j = 1; j <= b.length(); j++) {
        boolean same =
            Character.toLowerCase(a.charAt(i - 1)) == Character.toLowerCase(b.charAt(j - 1));
        int substituted = diagonal + (same ? 0 : 1);
        diagonal = row[j];
        row[j] = Math.min(substituted, 1 + Math.min(row[j], row[j - 1]));
      }
    }
    return row[b.length()];
  }
}
