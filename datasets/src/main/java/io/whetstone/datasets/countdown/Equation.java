package io.whetstone.datasets.countdown;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What an expression of whole numbers, {@code + - * /} and parentheses is worth, exactly, and which
 * numbers it has. {@code × · ÷ −} are read as {@code * * / -}; what follows {@code =} must be worth
 * the same.
 *
 * <p>Example: {@code (44 − 19) × 3 = 75} has the numbers 44, 19, 3 and the value 75.
 *
 * @param numbers in the order in which they are written, those after {@code =} left out
 * @param numerator of the value in lowest terms
 * @param denominator above 0
 */
public record Equation(List<BigInteger> numbers, BigInteger numerator, BigInteger denominator) {

  private static final int LONGEST = 1000;

  private static final int LONGEST_NUMBER = 18;

  public Equation {
    numbers = List.copyOf(numbers);
  }

  /** Whether the value is this number. */
  public boolean isWorth(long number) {
    return denominator.equals(BigInteger.ONE) && numerator.equals(BigInteger.valueOf(number));
  }

  /**
   * Reads an expression; empty where it is none, divides by 0, claims another value after {@code
   * =}, or is longer than 1000 characters.
   */
  public static Optional<Equation> parse(String text) {
    if (text.length() > LONGEST) {
      return Optional.empty();
    }
    String plain = text.replaceAll("[×·]", "*").replace('÷', '/').replace('−', '-').strip();
    int equals = plain.indexOf('=');
    try {
      Reader left = new Reader(equals < 0 ? plain : plain.substring(0, equals));
      Fraction value = left.whole();
      if (equals >= 0) {
        Fraction right = new Reader(plain.substring(equals + 1)).whole();
        if (!right.equals(value)) {
          return Optional.empty();
        }
      }
      return Optional.of(new Equation(left.numbers, value.above(), value.below()));
    } catch (ArithmeticException | IllegalArgumentException e) {
      return Optional.empty(); // Another text than an expression, or one without a value.
    }
  }

  /** In lowest terms, the denominator above 0. */
  private record Fraction(BigInteger above, BigInteger below) {

    static Fraction of(BigInteger above, BigInteger below) {
      if (below.signum() == 0) {
        throw new ArithmeticException("division by 0");
      }
      BigInteger divisor = above.gcd(below).multiply(BigInteger.valueOf(below.signum()));
      return new Fraction(above.divide(divisor), below.divide(divisor));
    }

    Fraction plus(Fraction other, int sign) {
      BigInteger added = other.above.multiply(below).multiply(BigInteger.valueOf(sign));
      return of(above.multiply(other.below).add(added), below.multiply(other.below));
    }

    Fraction times(Fraction other) {
      return of(above.multiply(other.above), below.multiply(other.below));
    }

    Fraction over(Fraction other) {
      return of(above.multiply(other.below), below.multiply(other.above));
    }
  }

  /** sum: product (± product)*; product: factor (×÷ factor)*; factor: −factor, (sum), number. */
  private static final class Reader {
    private final String text;
    private final List<BigInteger> numbers = new ArrayList<>();
    private int at;
    private int depth;

    Reader(String text) {
      this.text = text;
    }

    Fraction whole() {
      Fraction value = sum();
      if (peek() != 0) {
        throw new IllegalArgumentException("more than an expression");
      }
      return value;
    }

    private char peek() {
      while (at < text.length() && Character.isWhitespace(text.charAt(at))) {
        at++;
      }
      return at < text.length() ? text.charAt(at) : 0;
    }

    private Fraction sum() {
      Fraction value = product();
      for (char c = peek(); c == '+' || c == '-'; c = peek()) {
        at++;
        value = value.plus(product(), c == '+' ? 1 : -1);
      }
      return value;
    }

    private Fraction product() {
      Fraction value = factor();
      for (char c = peek(); c == '*' || c == '/'; c = peek()) {
        at++;
        value = c == '*' ? value.times(factor()) : value.over(factor());
      }
      return value;
    }

    private Fraction factor() {
      char c = peek();
      if (c == '-' || c == '(') {
        at++;
        if (++depth > 100) {
          throw new IllegalArgumentException("too deep");
        }
        Fraction inner = c == '-' ? factor() : sum();
        depth--;
        if (c == '-') {
          return new Fraction(inner.above.negate(), inner.below);
        }
        if (peek() != ')') {
          throw new IllegalArgumentException("a parenthesis is not closed");
        }
        at++;
        return inner;
      }
      int from = at;
      while (at < text.length() && text.charAt(at) >= '0' && text.charAt(at) <= '9') {
        at++;
      }
      if (at == from || at - from > LONGEST_NUMBER) {
        throw new IllegalArgumentException("no number");
      }
      BigInteger number = new BigInteger(text.substring(from, at));
      numbers.add(number);
      return new Fraction(number, BigInteger.ONE);
    }
  }
}
