package io.whetstone.rewards.math;

import io.whetstone.rewards.math.Expression.Call;
import io.whetstone.rewards.math.Expression.Constant;
import io.whetstone.rewards.math.Expression.Either;
import io.whetstone.rewards.math.Expression.Number;
import io.whetstone.rewards.math.Expression.Power;
import io.whetstone.rewards.math.Expression.Product;
import io.whetstone.rewards.math.Expression.Quantity;
import io.whetstone.rewards.math.Expression.Sum;
import io.whetstone.rewards.math.Expression.Symbol;
import java.util.List;

/**
 * Expands scalar expressions, exactly, into quotients of polynomials. What it does not look into (a
 * sine, {@code 2^x}) becomes an atom. Two expressions can be compared where one algebra expanded
 * both.
 */
final class Algebra {

  private static final int GREATEST_EXPONENT = 1_000_000;

  /** Of a budget, what one comparison may spend on expansion; beyond, numbers decide. */
  private static final long STEPS = 200_000;

  private final Atoms atoms = new Atoms();
  private final Budget budget;

  Algebra(Budget budget) {
    this.budget = budget.part(STEPS);
  }

  /**
   * @throws Polynomial.TooLarge if the expansion is too large
   * @throws ArithmeticException if it divides by 0
   * @throws IllegalArgumentException if the expression is no scalar
   */
  RationalFunction expand(Expression expression) {
    budget.spend(1);
    return switch (expression) {
      case Number number -> RationalFunction.of(number.value());
      case Symbol symbol -> atom(atoms.variable(symbol), 1);
      case Constant constant -> constant(constant);
      case Sum sum -> sum(sum.terms());
      case Product product -> product(product.factors());
      case Power power -> power(power);
      case Call call -> call(call);
      case Either either -> expand(either.strict());
      case Quantity quantity -> expand(quantity.value());
      default -> throw new IllegalArgumentException("no scalar");
    };
  }

  /** The exact value, if it is rational and found to be so, else null. */
  Rational rational(Expression expression) {
    if (expression instanceof Number number) {
      return number.value();
    }
    try {
      return expand(expression).constant();
    } catch (Polynomial.TooLarge e) {
      return null;
    }
  }

  /** As {@link #rational}, and null also where the expression is not defined or no scalar. */
  Rational rationalOrNull(Expression expression) {
    try {
      return rational(expression);
    } catch (ArithmeticException | IllegalArgumentException e) {
      return null;
    }
  }

  /** {@code left − right} times their denominators. */
  Polynomial difference(RationalFunction left, RationalFunction right) {
    return left.difference(right, atoms, budget);
  }

  boolean isIndependent(Polynomial polynomial) {
    return polynomial.isIndependent(atoms);
  }

  /**
   * Whether one is the other times a constant: then that constant, else null.
   *
   * @param left not 0
   */
  Rational ratio(RationalFunction left, RationalFunction right) {
    Polynomial a = left.numerator().times(right.denominator(), atoms, budget);
    Polynomial b = right.numerator().times(left.denominator(), atoms, budget);
    Monomial common = a.terms().keySet().iterator().next();
    Rational below = b.terms().get(common);
    if (below == null) {
      return null;
    }
    Rational ratio = a.terms().get(common).times(below.reciprocal());
    return a.plus(b.times(ratio.negate()), budget).isZero() ? ratio : null;
  }

  private RationalFunction atom(int atom, int power) {
    return RationalFunction.of(Polynomial.of(Monomial.of(atom, power), Rational.ONE));
  }

  private RationalFunction opaque(Expression expression) {
    return atom(atoms.opaque(expression), 1);
  }

  private RationalFunction constant(Constant constant) {
    return switch (constant) {
      case I -> atom(atoms.imaginary(), 1);
      case PI, E -> atom(atoms.transcendental(constant), 1);
      case INFINITY -> opaque(constant);
    };
  }

  private RationalFunction sum(List<Expression> terms) {
    RationalFunction sum = RationalFunction.of(Rational.ZERO);
    for (Expression term : terms) {
      sum = sum.plus(expand(term), atoms, budget);
    }
    return sum;
  }

  private RationalFunction product(List<Expression> factors) {
    RationalFunction product = RationalFunction.of(Rational.ONE);
    for (Expression factor : factors) {
      product = product.times(expand(factor), atoms, budget);
    }
    return product;
  }

  private RationalFunction power(Power power) {
    Rational exponent = rational(power.exponent());
    if (exponent == null) {
      return opaque(power);
    }
    if (exponent.isInt()) {
      int whole = exponent.numerator().intValueExact();
      if (Math.abs((long) whole) > GREATEST_EXPONENT) {
        throw new Polynomial.TooLarge();
      }
      RationalFunction base = expand(power.base());
      if (whole < 0) {
        base = base.reciprocal();
      }
      return base.power(Math.abs(whole), atoms, budget);
    }
    if (exponent.isInteger()) {
      throw new Polynomial.TooLarge();
    }
    return root(power, power.base(), exponent);
  }

  private RationalFunction root(Expression whole, Expression radicand, Rational exponent) {
    Rational base = rational(radicand);
    if (base == null || exponent.denominator().bitLength() > 6 || !exponent.isShort()) {
      return opaque(whole);
    }
    int degree = exponent.denominator().intValueExact();
    RationalFunction root = new Surds(atoms, budget).root(base, degree);
    if (root == null) {
      return opaque(whole);
    }
    int times = exponent.numerator().intValueExact();
    return (times < 0 ? root.reciprocal() : root).power(Math.abs(times), atoms, budget);
  }

  private RationalFunction call(Call call) {
    List<Expression> arguments = call.arguments();
    Expression first = arguments.getFirst();
    switch (call.operation()) {
      case SQRT:
        return root(call, first, Rational.of(2).reciprocal());
      case ROOT:
        Rational degree = rational(arguments.get(1));
        return degree == null || degree.signum() <= 0 || !degree.isShort()
            ? opaque(call)
            : root(call, first, degree.reciprocal());
      case EXP:
        return power(new Power(Constant.E, first));
      default:
        List<Rational> values = arguments.stream().map(this::rational).toList();
        Rational exact =
            values.contains(null) ? null : Arithmetic.apply(call.operation(), values, budget);
        return exact == null ? opaque(call) : RationalFunction.of(exact);
    }
  }
}
