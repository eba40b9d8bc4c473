package io.whetstone.rewards.math;

import java.math.BigInteger;
import java.util.List;

/** Functions of rational numbers whose values are rational. */
final class Arithmetic {

  private static final int GREATEST_FACTORIAL = 2_000;

  private Arithmetic() {}

  /** The exact value, or null where it is not rational, not defined or too large. */
  static Rational apply(Operation operation, List<Rational> values, Budget budget) {
    Rational first = values.getFirst();
    return switch (operation) {
      case ABS -> first.abs();
      case FLOOR -> first.floor();
      case CEILING -> first.negate().floor().negate();
      case REAL_PART, CONJUGATE -> first;
      case IMAGINARY_PART -> Rational.ZERO;
      case FACTORIAL -> factorial(first, 1, budget);
      case DOUBLE_FACTORIAL -> factorial(first, 2, budget);
      case BINOMIAL -> binomial(first, values.get(1), budget);
      case LOG -> logarithm(first, values.get(1), budget);
      case LN -> first.equals(Rational.ONE) ? Rational.ZERO : null;
      case MAX -> values.stream().max(Rational::compareTo).orElseThrow();
      case MIN -> values.stream().min(Rational::compareTo).orElseThrow();
      case GCD -> divisor(values);
      case LCM -> multiple(values, budget);
      case MOD -> modulo(first, values.get(1));
      default -> null;
    };
  }

  private static Rational factorial(Rational value, int step, Budget budget) {
    if (!value.isInt() || value.signum() < 0) {
      return null;
    }
    int n = value.numerator().intValueExact();
    if (n > GREATEST_FACTORIAL) {
      throw new Polynomial.TooLarge();
    }
    BigInteger product = BigInteger.ONE;
    for (int factor = n; factor > 1; factor -= step) {
      budget.spend(1 + product.bitLength() / 512);
      product = product.multiply(BigInteger.valueOf(factor));
    }
    return Rational.of(product);
  }

  private static Rational binomial(Rational above, Rational below, Budget budget) {
    if (!above.isInt() || !below.isInt() || above.signum() < 0) {
      return null;
    }
    long n = above.numerator().longValueExact();
    long k = below.numerator().longValueExact();
    if (k < 0 || k > n) {
      return Rational.ZERO;
    }
    k = Math.min(k, n - k);
    if (k > GREATEST_FACTORIAL) {
      throw new Polynomial.TooLarge();
    }
    BigInteger result = BigInteger.ONE;
    for (long i = 1; i <= k; i++) {
      budget.spend(1 + result.bitLength() / 256);
      result = result.multiply(BigInteger.valueOf(n - k + i)).divide(BigInteger.valueOf(i));
    }
    return Rational.of(result);
  }

  /** {@code log_b(x)} where both are powers, p/q at most 64, of one number. */
  private static Rational logarithm(Rational value, Rational base, Budget budget) {
    if (value.signum() <= 0
        || base.signum() <= 0
        || base.equals(Rational.ONE)
        || value.bits() > 4_096
        || base.bits() > 64) {
      return null;
    }
    Rational x = value;
    Rational b = base;
    Rational sign = Rational.ONE;
    if (x.compareTo(Rational.ONE) < 0) {
      x = x.reciprocal();
      sign = sign.negate();
    }
    if (b.compareTo(Rational.ONE) < 0) {
      b = b.reciprocal();
      sign = sign.negate();
    }
    // x^q = b^p for p/q near the quotient of the logarithms; the exact product decides.
    double estimate = Math.log(x.toDouble()) / Math.log(b.toDouble());
    for (int q = 1; q <= 12 && Double.isFinite(estimate) && x.bits() * q < 8_192; q++) {
      long p = Math.round(estimate * q);
      budget.spend(8 + x.bits() * (long) q / 64);
      if (p <= 8_192 && p * (b.bits() - 1) < 10_000 && x.power(q).equals(b.power((int) p))) {
        return sign.times(Rational.of(BigInteger.valueOf(p), BigInteger.valueOf(q)));
      }
    }
    return null;
  }

  private static Rational divisor(List<Rational> values) {
    if (!values.stream().allMatch(Rational::isInteger)) {
      return null;
    }
    return Rational.of(
        values.stream().map(Rational::numerator).reduce(BigInteger.ZERO, BigInteger::gcd));
  }

  private static Rational multiple(List<Rational> values, Budget budget) {
    BigInteger multiple = BigInteger.ONE;
    for (Rational value : values) {
      if (!value.isInteger() || value.signum() == 0 || multiple.bitLength() > 10_000) {
        return null;
      }
      budget.spend(1 + multiple.bitLength() / 64);
      BigInteger abs = value.numerator().abs();
      multiple = multiple.divide(multiple.gcd(abs)).multiply(abs);
    }
    return Rational.of(multiple);
  }

  private static Rational modulo(Rational value, Rational modulus) {
    if (modulus.signum() == 0) {
      return null;
    }
    Rational times = value.times(modulus.reciprocal()).floor();
    return value.plus(times.times(modulus).negate());
  }
}
