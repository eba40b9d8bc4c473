package io.whetstone.rewards.math;

import java.util.function.UnaryOperator;
import org.apache.commons.math3.complex.Complex;

/**
 * A complex number that is known to lie within {@code error} of {@code value}.
 *
 * @param error absolute; not finite where nothing is known
 */
record Approximation(Complex value, double error) {

  /** What one operation in double precision may be off by, relative to its result. */
  private static final double UNIT = 4 * Math.ulp(1.0);

  static Approximation of(double value) {
    return new Approximation(new Complex(value), Math.ulp(value));
  }

  static Approximation exact(double value) {
    return new Approximation(new Complex(value), 0);
  }

  private static Approximation rounded(Complex value, double error) {
    return new Approximation(value, error + UNIT * value.abs());
  }

  double re() {
    return value.getReal();
  }

  double abs() {
    return value.abs();
  }

  boolean isFinite() {
    return !value.isNaN() && !value.isInfinite() && error < Double.POSITIVE_INFINITY;
  }

  /** Whether nothing speaks against its being real. */
  boolean isReal() {
    return Math.abs(value.getImaginary()) <= error + 1e-13 * abs();
  }

  /** Whether it is known well enough to compare: to one part in a million. */
  boolean isSharp() {
    return isFinite() && error <= 1e-6 * Math.max(abs(), 1e-6);
  }

  /** Whether the two may be the same number. */
  boolean meets(Approximation that) {
    double gap = value.subtract(that.value).abs();
    return gap <= 4 * (error + that.error) + 1e-14 * Math.max(abs(), that.abs());
  }

  Approximation plus(Approximation that) {
    return rounded(value.add(that.value), error + that.error);
  }

  Approximation times(Approximation that) {
    return rounded(
        value.multiply(that.value), abs() * that.error + that.abs() * error + error * that.error);
  }

  Approximation reciprocal() {
    double size = abs();
    double nearest = size - error;
    double off = nearest > 0 ? error / (size * nearest) : Double.POSITIVE_INFINITY;
    return rounded(value.reciprocal(), off);
  }

  Approximation negate() {
    return new Approximation(value.negate(), error);
  }

  /** This to a whole power. */
  Approximation power(long exponent) {
    if (exponent < 0) {
      return power(-exponent).reciprocal();
    }
    Approximation result = exact(1);
    Approximation square = this;
    for (long left = exponent; left > 0; left >>= 1) {
      if ((left & 1) != 0) {
        result = result.times(square);
      }
      if (left > 1) {
        square = square.times(square);
      }
    }
    return result;
  }

  /**
   * A function's value, with the error that follows from its slope, taken as a difference over a
   * step of the error's size or more.
   */
  Approximation map(UnaryOperator<Complex> function) {
    Complex result = function.apply(value);
    double step = Math.max(error, 1e-7 * Math.max(abs(), 1e-3));
    double along = function.apply(value.add(step)).subtract(result).abs();
    double across = function.apply(value.subtract(step)).subtract(result).abs();
    double slope = Math.max(along, across) / step;
    return rounded(result, 2 * slope * error);
  }
}
