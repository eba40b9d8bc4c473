package io.whetstone.rewards.math;

/**
 * A quotient of two polynomials, not in lowest terms.
 *
 * @param denominator not 0
 */
record RationalFunction(Polynomial numerator, Polynomial denominator) {

  static RationalFunction of(Polynomial numerator) {
    return new RationalFunction(numerator, Polynomial.of(Rational.ONE));
  }

  static RationalFunction of(Rational constant) {
    return of(Polynomial.of(constant));
  }

  /** Its value, if both polynomials are constant, else null. */
  Rational constant() {
    Rational above = numerator.constant();
    Rational below = denominator.constant();
    return above == null || below == null ? null : above.times(below.reciprocal());
  }

  RationalFunction plus(RationalFunction that, Atoms atoms, Budget budget) {
    if (denominator.isOne() && that.denominator.isOne()) {
      return of(numerator.plus(that.numerator, budget));
    }
    if (denominator.terms().equals(that.denominator.terms())) {
      return new RationalFunction(numerator.plus(that.numerator, budget), denominator);
    }
    Polynomial left = numerator.times(that.denominator, atoms, budget);
    Polynomial right = that.numerator.times(denominator, atoms, budget);
    return new RationalFunction(
        left.plus(right, budget), denominator.times(that.denominator, atoms, budget));
  }

  RationalFunction times(RationalFunction that, Atoms atoms, Budget budget) {
    return new RationalFunction(
        numerator.times(that.numerator, atoms, budget),
        denominator.times(that.denominator, atoms, budget));
  }

  /**
   * @throws ArithmeticException if this is 0
   */
  RationalFunction reciprocal() {
    if (numerator.isZero()) {
      throw new ArithmeticException("division by 0");
    }
    return new RationalFunction(denominator, numerator);
  }

  RationalFunction power(int exponent, Atoms atoms, Budget budget) {
    return new RationalFunction(
        numerator.power(exponent, atoms, budget), denominator.power(exponent, atoms, budget));
  }

  /** {@code this − that}, times both denominators: 0 exactly where the two are equal. */
  Polynomial difference(RationalFunction that, Atoms atoms, Budget budget) {
    return numerator
        .times(that.denominator, atoms, budget)
        .plus(that.numerator.times(denominator, atoms, budget).times(Rational.MINUS_ONE), budget);
  }
}
