package io.whetstone.rewards.math;

import java.math.BigInteger;

/** Roots of rational numbers in terms of roots of primes: {@code √12 = 2√3}. */
final class Surds {

  private static final int LARGEST_DIVISOR = 10_000;
  private static final int MOST_BITS = 256;

  private final Atoms atoms;
  private final Budget budget;

  Surds(Atoms atoms, Budget budget) {
    this.atoms = atoms;
    this.budget = budget;
  }

  /**
   * The root as people mean it: real where there is a real one, {@code i√|r|} for the square root
   * of a negative r; null where it is neither, or the number is too large to look into.
   */
  RationalFunction root(Rational radicand, int degree) {
    if (radicand.bits() * (long) degree > MOST_BITS) {
      return exactRoot(radicand, degree);
    }
    boolean negative = radicand.signum() < 0;
    if (negative && degree % 2 == 0 && degree != 2) {
      return null;
    }
    // a/b = a·b^(degree−1) / b^degree
    Rational abs = radicand.abs();
    BigInteger whole = abs.numerator().multiply(abs.denominator().pow(degree - 1));
    Polynomial root = root(whole, degree).times(Rational.of(abs.denominator()).reciprocal());
    if (negative && degree == 2) {
      Polynomial i = Polynomial.of(Monomial.of(atoms.imaginary(), 1), Rational.ONE);
      return RationalFunction.of(root.times(i, atoms, budget));
    }
    return RationalFunction.of(negative ? root.times(Rational.MINUS_ONE) : root);
  }

  /** The rational root of a large square, or null. */
  private RationalFunction exactRoot(Rational radicand, int degree) {
    if (degree != 2 || radicand.signum() < 0 || radicand.bits() > 20_000) {
      return null;
    }
    budget.spend(radicand.bits());
    BigInteger above = radicand.numerator().sqrt();
    BigInteger below = radicand.denominator().sqrt();
    Rational root = Rational.of(above, below);
    return root.times(root).equals(radicand) ? RationalFunction.of(root) : null;
  }

  private Polynomial root(BigInteger whole, int degree) {
    Polynomial root = Polynomial.of(Rational.ONE);
    BigInteger left = whole;
    for (int prime = 2; prime <= LARGEST_DIVISOR; prime += prime == 2 ? 1 : 2) {
      BigInteger divisor = BigInteger.valueOf(prime);
      if (divisor.multiply(divisor).compareTo(left) > 0) {
        break;
      }
      budget.spend(1);
      int times = 0;
      BigInteger[] parts = left.divideAndRemainder(divisor);
      while (parts[1].signum() == 0) {
        left = parts[0];
        times++;
        parts = left.divideAndRemainder(divisor);
      }
      root = root.times(root(divisor, times, degree, true), atoms, budget);
    }
    BigInteger exact = degree == 2 ? left.sqrt() : left;
    if (degree == 2 && exact.multiply(exact).equals(left)) {
      return root.times(Rational.of(exact));
    }
    // What has no divisor up to 10,000 is prime below 100,000,000, and may be anything above.
    return root.times(root(left, 1, degree, left.bitLength() <= 26), atoms, budget);
  }

  /** {@code prime^(times/degree)}. */
  private Polynomial root(BigInteger prime, int times, int degree, boolean isPrime) {
    Rational outside = Rational.of(prime.pow(times / degree));
    int rest = times % degree;
    if (rest == 0 || prime.equals(BigInteger.ONE)) {
      return Polynomial.of(outside);
    }
    int common = BigInteger.valueOf(rest).gcd(BigInteger.valueOf(degree)).intValueExact();
    int atom = atoms.root(new Atoms.Root(prime, degree / common), isPrime);
    return Polynomial.of(Monomial.of(atom, rest / common), outside);
  }
}
