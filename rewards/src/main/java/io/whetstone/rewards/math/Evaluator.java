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
import java.util.Map;
import java.util.function.BinaryOperator;
import org.apache.commons.math3.complex.Complex;
import org.apache.commons.math3.special.Gamma;

/** Evaluates scalar expressions in complex double precision, with bounds on the error. */
final class Evaluator {

  private static final Approximation UNKNOWN = new Approximation(Complex.NaN, Double.NaN);

  private final Map<String, Double> variables;
  private final Budget budget;

  /**
   * @param variables what each variable is
   */
  Evaluator(Map<String, Double> variables, Budget budget) {
    this.variables = variables;
    this.budget = budget;
  }

  /** The value; not finite where it is not defined, too large or not known. */
  Approximation evaluate(Expression expression) {
    budget.spend(2);
    return switch (expression) {
      case Number number -> Approximation.of(number.value().toDouble());
      case Symbol symbol -> {
        Double value = variables.get(symbol.name());
        yield value == null ? UNKNOWN : Approximation.exact(value);
      }
      case Constant constant ->
          switch (constant) {
            case PI -> Approximation.of(Math.PI);
            case E -> Approximation.of(Math.E);
            case I -> new Approximation(Complex.I, 0);
            case INFINITY -> new Approximation(Complex.INF, Double.POSITIVE_INFINITY);
          };
      case Sum sum -> {
        Approximation total = Approximation.exact(0);
        for (Expression term : sum.terms()) {
          total = total.plus(evaluate(term));
        }
        yield total;
      }
      case Product product -> {
        Approximation total = Approximation.exact(1);
        for (Expression factor : product.factors()) {
          total = total.times(evaluate(factor));
        }
        yield total;
      }
      case Power power -> power(power);
      case Call call -> call(call);
      case Either either -> evaluate(either.strict());
      case Quantity quantity -> evaluate(quantity.value());
      default -> UNKNOWN;
    };
  }

  private Approximation power(Power power) {
    Approximation base = evaluate(power.base());
    if (power.exponent() instanceof Number number
        && number.value().isInteger()
        && number.value().numerator().bitLength() < 40) {
      return base.power(number.value().numerator().longValueExact());
    }
    Rational exponent = new Algebra(budget).rationalOrNull(power.exponent());
    if (exponent != null && exponent.isInteger() && exponent.numerator().bitLength() < 40) {
      return base.power(exponent.numerator().longValueExact());
    }
    if (exponent != null && isOddRoot(exponent) && base.isReal() && base.re() < 0) {
      // The real one, as in (-8)^{1/3} = -2.
      Approximation root = base.negate().map(z -> z.pow(exponent.toDouble()));
      return exponent.numerator().testBit(0) ? root.negate() : root;
    }
    return raise(base, evaluate(power.exponent()));
  }

  private static boolean isOddRoot(Rational exponent) {
    return exponent.denominator().testBit(0) && exponent.isShort();
  }

  /** {@code exp(exponent · ln base)}. */
  private static Approximation raise(Approximation base, Approximation exponent) {
    if (base.abs() == 0) {
      return exponent.re() > exponent.error() ? Approximation.exact(0) : UNKNOWN;
    }
    if (base.isReal() && exponent.isReal() && base.re() > 0) {
      double size = exponent.re() * Math.log(base.re());
      if (size > 709) { // of which the complex functions make no infinity
        return new Approximation(Complex.INF, Double.POSITIVE_INFINITY);
      }
    }
    return exponent.times(base.map(Complex::log)).map(Complex::exp);
  }

  private Approximation call(Call call) {
    List<Expression> arguments = call.arguments();
    Approximation x = evaluate(arguments.getFirst());
    return switch (call.operation()) {
      case SQRT -> x.abs() == 0 && x.error() == 0 ? x : x.map(Complex::sqrt);
      case ROOT -> power(new Power(arguments.getFirst(), Expression.reciprocal(arguments.get(1))));
      case ABS -> new Approximation(new Complex(x.abs()), x.error());
      case FLOOR -> rounded(x, false);
      case CEILING -> rounded(x.negate(), true);
      case FACTORIAL -> gamma(x.plus(Approximation.exact(1)));
      case BINOMIAL -> binomial(x, evaluate(arguments.get(1)));
      case EXP -> x.map(Complex::exp);
      case LN -> x.abs() == 0 ? UNKNOWN : x.map(Complex::log);
      case LOG ->
          x.abs() == 0
              ? UNKNOWN
              : x.map(Complex::log)
                  .times(evaluate(arguments.get(1)).map(Complex::log).reciprocal());
      case SIN -> x.map(Complex::sin);
      case COS -> x.map(Complex::cos);
      case TAN -> x.map(Complex::sin).times(x.map(Complex::cos).reciprocal());
      case COT -> x.map(Complex::cos).times(x.map(Complex::sin).reciprocal());
      case SEC -> x.map(Complex::cos).reciprocal();
      case CSC -> x.map(Complex::sin).reciprocal();
      case ARCSIN -> bounded(x, Complex::asin, Math::asin);
      case ARCCOS -> bounded(x, Complex::acos, Math::acos);
      case ARCTAN -> x.map(Complex::atan);
      case ARCCOT -> Approximation.of(Math.PI / 2).plus(x.map(Complex::atan).negate());
      case ARCSEC -> bounded(x.reciprocal(), Complex::acos, Math::acos);
      case ARCCSC -> bounded(x.reciprocal(), Complex::asin, Math::asin);
      case SINH -> x.map(Complex::sinh);
      case COSH -> x.map(Complex::cosh);
      case TANH -> x.map(Complex::tanh);
      case MAX -> extreme(arguments, (a, b) -> a.re() >= b.re() ? a : b);
      case MIN -> extreme(arguments, (a, b) -> a.re() <= b.re() ? a : b);
      case REAL_PART -> new Approximation(new Complex(x.re()), x.error());
      case IMAGINARY_PART -> new Approximation(new Complex(x.value().getImaginary()), x.error());
      case CONJUGATE -> new Approximation(x.value().conjugate(), x.error());
      case MOD -> {
        Approximation modulus = evaluate(arguments.get(1));
        Approximation times = rounded(x.times(modulus.reciprocal()), false);
        yield x.plus(times.times(modulus).negate());
      }
      case GCD, LCM, DOUBLE_FACTORIAL -> UNKNOWN;
    };
  }

  /** At ±1 the slope is infinite: an argument that is real and at the edge is taken as exact. */
  private static Approximation bounded(
      Approximation x,
      java.util.function.UnaryOperator<Complex> function,
      java.util.function.DoubleUnaryOperator real) {
    if (x.isReal() && Math.abs(Math.abs(x.re()) - 1) <= 4 * x.error() + Math.ulp(1.0)) {
      return Approximation.of(real.applyAsDouble(Math.signum(x.re())));
    }
    return x.map(function);
  }

  /** The floor; what is a whole number as far as is known counts as one. */
  private static Approximation rounded(Approximation x, boolean negate) {
    if (!x.isSharp() || !x.isReal()) {
      return UNKNOWN;
    }
    double nearest = Math.rint(x.re());
    double floor = Math.abs(x.re() - nearest) <= 4 * x.error() ? nearest : Math.floor(x.re());
    return Approximation.exact(negate ? -floor : floor);
  }

  /** Γ, of real numbers. */
  private static Approximation gamma(Approximation x) {
    if (!x.isSharp() || !x.isReal() || x.re() > 170) {
      return x.isReal() && x.re() > 170
          ? new Approximation(Complex.INF, Double.POSITIVE_INFINITY)
          : UNKNOWN;
    }
    Approximation value = x.map(z -> new Complex(Gamma.gamma(z.getReal())));
    // commons-math's own bound is 1e-14 or so, relative.
    return new Approximation(value.value(), value.error() + 1e-13 * value.abs());
  }

  private static Approximation binomial(Approximation n, Approximation k) {
    Approximation one = Approximation.exact(1);
    Approximation below = gamma(k.plus(one)).times(gamma(n.plus(k.negate()).plus(one)));
    return gamma(n.plus(one)).times(below.reciprocal());
  }

  private Approximation extreme(List<Expression> arguments, BinaryOperator<Approximation> choice) {
    return arguments.stream()
        .map(this::evaluate)
        .map(value -> value.isReal() ? value : UNKNOWN)
        .reduce(choice)
        .orElse(UNKNOWN);
  }
}
