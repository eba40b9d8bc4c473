package io.whetstone.rewards;

import java.math.BigDecimal;
import java.util.Optional;
import java.util.regex.Pattern;

/** Decimal numbers as people write them. */
final class Numbers {

  // No exponents: 1e999999999 would make a subtraction of a billion digits.
  private static final Pattern NUMBER =
      Pattern.compile("[+-]?(?:(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\\.[0-9]*)?|\\.[0-9]+)");
  private static final int LONGEST = 1000;

  private Numbers() {}

  /**
   * The number, exactly: an optional sign, digits with or without commas at the thousands, an
   * optional fraction. Empty for anything else, or for more than 1000 characters.
   */
  static Optional<BigDecimal> parse(String text) {
    String stripped = text.strip();
    if (stripped.length() > LONGEST || !NUMBER.matcher(stripped).matches()) {
      return Optional.empty();
    }
    return Optional.of(new BigDecimal(stripped.replace(",", "")));
  }
}
