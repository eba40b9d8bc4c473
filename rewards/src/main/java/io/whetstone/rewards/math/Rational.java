package io.whetstone.rewards.math;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;

/**
 * An exact fraction in lowest terms.
 *
 * @param denominator above 0
 */
record Rational(BigInteger numerator, BigInteger denominator) implements Comparable<Rational> {

  static final Rational ZERO = of(0);
  static final Rational ONE = of(1);
  static final Rational MINUS_ONE = of(-1);

  static Rational of(long value) {
    return new Rational(BigInteger.valueOf(value), BigInteger.ONE);
  }

  static Rational of(BigInteger value) {
    return new Rational(value, BigInteger.ONE);
  }

  /**
   * @throws ArithmeticException if the denominator is 0
   */
  static Rational of(BigInteger numerator, BigInteger denominator) {
    if (denominator.signum() == 0) {
      throw new ArithmeticException("division by 0");
    }
    if (denominator.equals(BigInteger.ONE)) {
      return new Rational(numerator, denominator);
    }
    BigInteger gcd = numerator.gcd(denominator);
    if (denominator.signum() < 0) {
      gcd = gcd.negate();
    }
    return gcd.equals(BigInteger.ONE)
        ? new Rational(numerator, denominator)
        : new Rational(numerator.divide(gcd), denominator.divide(gcd));
  }

  static Rational of(BigDecimal value) {
    return value.scale() <= 0
        ? of(value.toBigIntegerExact())
        : of(value.unscaledValue(), BigInteger.TEN.pow(value.scale()));
  }

  Rational plus(Rational that) {
    if (denominator.equals(that.denominator)) {
      return of(numerator.add(that.numerator), denominator);
    }
    return of(
        numerator.multiply(that.denominator).add(that.numerator.multiply(denominator)),
        denominator.multiply(that.denominator));
  }

  Rational times(Rational that) {
    return of(numerator.multiply(that.numerator), denominator.multiply(that.denominator));
  }

  Rational negate() {
    return new Rational(numerator.negate(), denominator);
  }

  /**
   * @throws ArithmeticException if this is 0
   */
  Rational reciprocal() {
    return of(denominator, numerator);
  }

  /** This to a power of 0 or more; whoever calls bounds the size. */
  Rational power(int exponent) {
    return new Rational(numerator.pow(exponent), denominator.pow(exponent));
  }

  Rational abs() {
    return signum() < 0 ? negate() : this;
  }

  /** The greatest whole number that is not above this. */
  Rational floor() {
    BigInteger[] parts = numerator.divideAndRemainder(denominator);
    return of(parts[1].signum() < 0 ? parts[0].subtract(BigInteger.ONE) : parts[0]);
  }

  int signum() {
    return numerator.signum();
  }

  boolean isInteger() {
    return denominator.equals(BigInteger.ONE);
  }

  /** Whether this is a whole number that an int can hold. */
  boolean isInt() {
    return isInteger() && numerator.bitLength() < 32;
  }

  /** Whether numerator and denominator are small enough to be a root's degree or its power. */
  boolean isShort() {
    return numerator.bitLength() < 16 && denominator.bitLength() < 16;
  }

  /** The size in bits of what must be held. */
  int bits() {
    return numerator.bitLength() + denominator.bitLength();
  }

  double toDouble() {
    if (bits() < 1000) {
      return numerator.doubleValue() / denominator.doubleValue();
    }
    return new BigDecimal(numerator)
        .divide(new BigDecimal(denominator), MathContext.DECIMAL64)
        .doubleValue();
  }

  @Override
  public int compareTo(Rational that) {
    return numerator.multiply(that.denominator).compareTo(that.numerator.multiply(denominator));
  }

  @Override
  public String toString() {
    return isInteger() ? numerator.toString() : numerator + "/" + denominator;
  }
}
