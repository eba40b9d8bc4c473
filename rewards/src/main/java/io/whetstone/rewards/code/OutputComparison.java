package io.whetstone.rewards.code;

import java.math.BigDecimal;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/** How a program's output is compared with the expected one. */
enum OutputComparison {
  /** Line by line; white space at the ends of lines and empty lines at the end do not count. */
  EXACT,
  /** The same words in the same order, whatever white space is between them. */
  TOKENS,
  /** Words, and those that are numbers in both are equal within the tolerance. */
  NUMBERS;

  private static final Pattern NUMBER =
      Pattern.compile("[-+]?(\\d{1,400}\\.?\\d{0,400}|\\.\\d{1,400})([eE][-+]?\\d{1,3})?");
  private static final Pattern WHOLE = Pattern.compile("[-+]?\\d+");

  /**
   * Where the output is first not what it should be; empty if nowhere.
   *
   * @param tolerance numbers x and expected y are equal if |x − y| ≤ tolerance · max(1, |y|); two
   *     whole numbers only if they are the same
   */
  Optional<String> difference(String got, String expected, double tolerance) {
    List<String> is = parts(got);
    List<String> should = parts(expected);
    String part = this == EXACT ? "line" : "word";
    for (int i = 0; i < Math.max(is.size(), should.size()); i++) {
      if (i >= is.size()) {
        return Optional.of(
            "%s %d is missing; expected %s"
                .formatted(part, i + 1, Shortened.quoted(should.get(i))));
      }
      if (i >= should.size()) {
        return Optional.of(
            "%s %d is %s; expected the end".formatted(part, i + 1, Shortened.quoted(is.get(i))));
      }
      if (!same(is.get(i), should.get(i), tolerance)) {
        return Optional.of(
            "%s %d is %s; expected %s"
                .formatted(
                    part, i + 1, Shortened.quoted(is.get(i)), Shortened.quoted(should.get(i))));
      }
    }
    return Optional.empty();
  }

  private List<String> parts(String text) {
    return this == EXACT
        ? text.stripTrailing().lines().map(String::stripTrailing).toList()
        : text.isBlank() ? List.of() : List.of(text.strip().split("\\s+"));
  }

  private boolean same(String is, String should, double tolerance) {
    if (is.equals(should)) {
      return true;
    }
    if (this != NUMBERS || !NUMBER.matcher(is).matches() || !NUMBER.matcher(should).matches()) {
      return false;
    }
    BigDecimal x = new BigDecimal(is);
    BigDecimal y = new BigDecimal(should);
    if (WHOLE.matcher(is).matches() && WHOLE.matcher(should).matches()) {
      return x.compareTo(y) == 0;
    }
    BigDecimal allowed = BigDecimal.valueOf(tolerance).multiply(y.abs().max(BigDecimal.ONE));
    return x.subtract(y).abs().compareTo(allowed) <= 0;
  }
}
