package io.whetstone.rewards.math;

import io.whetstone.rewards.math.Expression.Constant;
import io.whetstone.rewards.math.Expression.Either;
import io.whetstone.rewards.math.Expression.Number;
import io.whetstone.rewards.math.Expression.Product;
import io.whetstone.rewards.math.Expression.Symbol;
import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeSet;

/**
 * Decides whether two scalars are equal: exactly where expansion decides, else by their values, in
 * double precision with error bounds, at a dozen points that are always the same.
 *
 * <p>Decimals may be rounded: a number with a decimal point equals another one that is not a whole
 * number if both round to the same at the given number of decimals and differ by at most a
 * thousandth of themselves.
 */
final class Scalars {

  private static final long SEED = 0x77686574L;
  private static final int POINTS = 8;
  private static final int ATTEMPTS = 40;

  private final int decimals;
  private final Budget budget;

  Scalars(int decimals, Budget budget) {
    this.decimals = decimals;
    this.budget = budget;
  }

  boolean same(Expression left, Expression right) {
    budget.spend(4);
    if (left instanceof Number a && right instanceof Number b && !a.decimal() && !b.decimal()) {
      return a.value().equals(b.value());
    }
    if (left.equals(right)) {
      return true;
    }
    boolean twoLeft = Rewriter.contains(left, part -> part instanceof Either);
    boolean twoRight = Rewriter.contains(right, part -> part instanceof Either);
    if (!twoLeft && !twoRight) {
      return sameReadings(left, right);
    }
    for (int choice = 0; choice < 4; choice++) {
      boolean tried = !twoLeft && (choice & 1) != 0 || !twoRight && (choice & 2) != 0;
      if (!tried
          && sameReadings(
              Rewriter.choose(left, (choice & 1) == 0),
              Rewriter.choose(right, (choice & 2) == 0))) {
        return true;
      }
    }
    return false;
  }

  private boolean sameReadings(Expression left, Expression right) {
    int infinite = infinity(left);
    if (infinite != 0 || infinity(right) != 0) {
      return infinite == infinity(right);
    }
    boolean decimal = isDecimal(left) || isDecimal(right);
    Algebra algebra = new Algebra(budget);
    try {
      RationalFunction a = algebra.expand(left);
      RationalFunction b = algebra.expand(right);
      Polynomial difference = algebra.difference(a, b);
      if (difference.isZero()) {
        return true;
      }
      if (a.constant() != null && b.constant() != null) {
        return decimal
            && mayBeRounded(left, a.constant())
            && mayBeRounded(right, b.constant())
            && sameRounded(decimal(a.constant()), decimal(b.constant()));
      }
      if (!decimal && algebra.isIndependent(difference)) {
        return false;
      }
    } catch (Polynomial.TooLarge e) {
      // left to numbers
    } catch (ArithmeticException | IllegalArgumentException e) {
      return false; // one of them divides by 0, or is no scalar
    }
    return sameValues(left, right, decimal);
  }

  private static int infinity(Expression expression) {
    if (expression == Constant.INFINITY) {
      return 1;
    }
    return expression instanceof Product product
            && product.factors().size() == 2
            && product.factors().getFirst().equals(Number.of(-1))
            && product.factors().getLast() == Constant.INFINITY
        ? -1
        : 0;
  }

  private static boolean isDecimal(Expression expression) {
    return Rewriter.contains(expression, part -> part instanceof Number n && n.decimal());
  }

  /** A whole number is exact: 1 is not 0.9999999. */
  private static boolean mayBeRounded(Expression expression, Rational value) {
    return !value.isInteger() || isDecimal(expression);
  }

  private static BigDecimal decimal(Rational value) {
    BigDecimal numerator = new BigDecimal(value.numerator());
    return numerator.divide(new BigDecimal(value.denominator()), new MathContext(40));
  }

  private boolean sameRounded(BigDecimal left, BigDecimal right) {
    BigDecimal gap = left.subtract(right).abs();
    BigDecimal most = left.abs().max(right.abs());
    return rounded(left).compareTo(rounded(right)) == 0
        && gap.movePointRight(3).compareTo(most) <= 0;
  }

  private BigDecimal rounded(BigDecimal value) {
    return value.setScale(decimals, RoundingMode.HALF_EVEN);
  }

  private boolean sameValues(Expression left, Expression right, boolean decimal) {
    TreeSet<String> names = new TreeSet<>();
    collect(left, names);
    collect(right, names);
    if (names.isEmpty()) {
      return sameConstants(left, right, decimal);
    }
    int real = 0;
    int complex = 0;
    int apart = 0;
    boolean overflowed = false;
    for (int attempt = 0; attempt < ATTEMPTS && real + complex + apart < POINTS; attempt++) {
      Evaluator at = new Evaluator(point(names, attempt), budget);
      Approximation a = at.evaluate(left);
      Approximation b = at.evaluate(right);
      overflowed |= a.value().isInfinite() && b.value().isInfinite();
      if (!a.isSharp() || !b.isSharp()) {
        continue;
      }
      boolean bothReal = a.isReal() && b.isReal();
      if (a.meets(b)) {
        real += bothReal ? 1 : 0;
        complex += bothReal ? 0 : 1;
      } else if (bothReal) {
        return false;
      } else {
        apart++; // where one leaves the real numbers, branches may differ: ln(x²) = 2 ln(x)
      }
    }
    if (real + complex + apart == 0 && overflowed) {
      throw new Budget.Exhausted("numbers too large to compare");
    }
    return real > 0 || complex > 0 && apart == 0;
  }

  private static void collect(Expression expression, TreeSet<String> names) {
    if (expression instanceof Symbol symbol) {
      names.add(symbol.name());
    }
    Rewriter.parts(expression).forEach(part -> collect(part, names));
  }

  /** Positive at first, for logarithms and roots; then of both signs; then near 0, for powers. */
  private static Map<String, Double> point(Iterable<String> names, int attempt) {
    SplittableRandom random = new SplittableRandom(SEED + attempt);
    Map<String, Double> point = new HashMap<>();
    for (String name : names) {
      double value = 0.3 + 2.4 * random.nextDouble();
      if (attempt >= POINTS / 2) {
        value = random.nextBoolean() ? value : -value;
      }
      point.put(name, attempt >= ATTEMPTS / 2 ? value * 1e-4 : value);
    }
    return point;
  }

  private boolean sameConstants(Expression left, Expression right, boolean decimal) {
    Evaluator evaluator = new Evaluator(Map.of(), budget);
    Approximation a = evaluator.evaluate(left);
    Approximation b = evaluator.evaluate(right);
    if (a.value().isInfinite() && b.value().isInfinite()) {
      throw new Budget.Exhausted("numbers too large to compare");
    }
    if (!a.isSharp() || !b.isSharp()) {
      return false;
    }
    if (a.meets(b)) {
      return true;
    }
    return decimal
        && a.isReal()
        && b.isReal()
        && sameRounded(decimal(a), decimal(b))
        && !List.of(left, right).stream().anyMatch(this::isWhole);
  }

  private static BigDecimal decimal(Approximation value) {
    return new BigDecimal(value.re());
  }

  private boolean isWhole(Expression expression) {
    Rational exact = new Algebra(budget).rationalOrNull(expression);
    return exact != null && exact.isInteger() && !isDecimal(expression);
  }

  /** The real value of a constant; NaN where it has none that is known, ±∞ for the infinities. */
  double value(Expression expression) {
    int infinite = infinity(expression);
    if (infinite != 0) {
      return infinite * Double.POSITIVE_INFINITY;
    }
    Approximation value =
        new Evaluator(Map.of(), budget).evaluate(Rewriter.choose(expression, false));
    return value.isSharp() && value.isReal() ? value.re() : Double.NaN;
  }
}
