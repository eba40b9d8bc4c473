package io.whetstone.rewards.math;

import io.whetstone.rewards.math.Expression.Either;
import io.whetstone.rewards.math.Expression.Number;
import io.whetstone.rewards.math.Expression.Power;
import io.whetstone.rewards.math.Expression.Product;
import io.whetstone.rewards.math.Token.Kind;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.List;

/** Reads numbers: decimals, mixed and repeating ones, and those of another base. */
final class NumberParser {

  /** Digits of the longest number that is made exact. */
  private static final int LONGEST = 4_000;

  private static final int GREATEST_EXPONENT = 1_000;

  private final TokenStream tokens;
  private final AtomParser atoms;

  NumberParser(TokenStream tokens, AtomParser atoms) {
    this.tokens = tokens;
    this.atoms = atoms;
  }

  Expression number() throws UnreadableException {
    Token token = tokens.next();
    String digits = token.text();
    if (digits.length() > LONGEST) {
      throw new UnreadableException("a number of " + digits.length() + " digits");
    }
    Expression repeating = repeating(digits);
    if (repeating != null) {
      return repeating;
    }
    int exponent = Math.max(digits.indexOf('e'), digits.indexOf('E'));
    if (exponent > 0) {
      return scientific(digits.substring(0, exponent), digits.substring(exponent + 1));
    }
    Number number = new Number(Rational.of(new BigDecimal(digits)), digits.indexOf('.') >= 0);
    return number.decimal() ? number : mixed(number);
  }

  private static Expression scientific(String mantissa, String exponent) {
    int power = Integer.parseInt(exponent);
    BigDecimal value = new BigDecimal(mantissa);
    if (Math.abs(power) <= GREATEST_EXPONENT) {
      return new Number(Rational.of(value.scaleByPowerOfTen(power)), true);
    }
    return new Product(
        List.of(new Number(Rational.of(value), true), new Power(Number.of(10), Number.of(power))));
  }

  /** {@code 2\frac{1}{2}} and {@code 2 1/2}: a whole number and a proper fraction. */
  private Expression mixed(Number whole) throws UnreadableException {
    int mark = tokens.mark();
    Token next = tokens.peek();
    Rational part = null;
    if (CommandParser.isFraction(next)) {
      tokens.next();
      part = proper(atoms.argument(), atoms.argument());
    } else if (next.kind() == Kind.NUMBER && next.spaced() && tokens.peekSecond().is('/')) {
      Expression numerator = literal(tokens.next());
      tokens.next();
      part = proper(numerator, literal(tokens.next()));
    }
    if (part == null) {
      tokens.reset(mark);
      return whole;
    }
    return Number.of(whole.value().plus(part));
  }

  private static Expression literal(Token token) {
    return token.kind() == Kind.NUMBER && token.text().matches("[0-9]{1,18}")
        ? Number.of(Long.parseLong(token.text()))
        : null;
  }

  private static Rational proper(Expression numerator, Expression denominator) {
    return numerator instanceof Number n
            && denominator instanceof Number d
            && n.value().isInteger()
            && d.value().isInteger()
            && n.value().signum() > 0
            && n.value().compareTo(d.value()) < 0
        ? n.value().times(d.value().reciprocal())
        : null;
  }

  /** {@code 0.1\overline{6}}, {@code 0.1(6)} or {@code 0.166…}; null if it is none. */
  private Expression repeating(String digits) throws UnreadableException {
    if (tokens.peek().isCommand("overline")
        || tokens.peek().isCommand("dot")
        || tokens.peek().isCommand("bar")) {
      if (tokens.peekSecond().kind() == Kind.NUMBER || tokens.peekSecond().is('{')) {
        tokens.next();
        return braced(digits, '{', '}');
      }
    } else if (tokens.peek().is('.') && tokens.peekSecond().is('(')) {
      tokens.next();
      return braced(digits, '(', ')');
    } else if (tokens.take('…')) {
      int last = digits.length() - 1;
      return digits.indexOf('.') >= 0 && last > 1 && digits.charAt(last) == digits.charAt(last - 1)
          ? repeating(digits.substring(0, last), digits.substring(last))
          : new Number(Rational.of(new BigDecimal(digits)), true);
    }
    return null;
  }

  private Expression braced(String digits, char open, char close) throws UnreadableException {
    boolean opened = tokens.take(open);
    Token period = tokens.next();
    if (opened) {
      tokens.expect(close);
    }
    if (period.kind() != Kind.NUMBER || !period.text().matches("[0-9]{1,1000}")) {
      throw new UnreadableException("a bar over what are no digits");
    }
    return repeating(digits, period.text());
  }

  /** The digits, and then the period again and again. */
  private static Expression repeating(String digits, String period) {
    int point = digits.indexOf('.');
    int places = point < 0 ? 0 : digits.length() - point - 1;
    BigInteger nines = BigInteger.TEN.pow(period.length()).subtract(BigInteger.ONE);
    Rational tail = Rational.of(new BigInteger(period), nines.multiply(BigInteger.TEN.pow(places)));
    return Number.of(Rational.of(new BigDecimal(digits)).plus(tail));
  }

  /** {@code 101_2}: 5, and where an answer in base 2 is asked for, 101. */
  static Expression inBase(Number number, String base) throws UnreadableException {
    if (!base.matches("[0-9]{1,2}") || !number.value().isInteger()) {
      throw new UnreadableException("a number with the index \"" + base + "\"");
    }
    int radix = Integer.parseInt(base);
    String digits = number.value().toString();
    if (radix == 10) {
      return number;
    }
    if (radix < 2 || radix > 10 || digits.chars().anyMatch(d -> d - '0' >= radix)) {
      throw new UnreadableException(digits + " is no number in base " + base);
    }
    return new Either(Number.of(Rational.of(new BigInteger(digits, radix))), number);
  }
}
