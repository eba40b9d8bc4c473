package io.whetstone.rewards.math;

import java.util.HashMap;
import java.util.Map;

/** A polynomial in atoms with rational coefficients, expanded; without terms it is 0. */
final class Polynomial {

  /** The expansion would be larger than allowed; the question is left to numbers. */
  static final class TooLarge extends RuntimeException {
    TooLarge() {
      super("an expansion that is too large", null, false, false);
    }
  }

  private static final int MOST_TERMS = 2_000;
  private static final int MOST_BITS = 40_000;

  private final Map<Monomial, Rational> terms;

  private Polynomial(Map<Monomial, Rational> terms) {
    this.terms = terms;
  }

  static Polynomial of(Rational constant) {
    return of(Monomial.ONE, constant);
  }

  static Polynomial of(Monomial monomial, Rational coefficient) {
    return new Polynomial(coefficient.signum() == 0 ? Map.of() : Map.of(monomial, coefficient));
  }

  Map<Monomial, Rational> terms() {
    return terms;
  }

  boolean isZero() {
    return terms.isEmpty();
  }

  /** Its value, if it has no atoms, else null. */
  Rational constant() {
    if (terms.isEmpty()) {
      return Rational.ZERO;
    }
    return terms.size() == 1 ? terms.get(Monomial.ONE) : null;
  }

  boolean isOne() {
    return Rational.ONE.equals(constant());
  }

  Polynomial plus(Polynomial that, Budget budget) {
    if (isZero()) {
      return that;
    }
    if (that.isZero()) {
      return this;
    }
    Map<Monomial, Rational> sum = new HashMap<>(terms);
    that.terms.forEach((monomial, coefficient) -> add(sum, monomial, coefficient, budget));
    return new Polynomial(sum);
  }

  Polynomial times(Rational factor) {
    if (factor.equals(Rational.ONE)) {
      return this;
    }
    if (factor.signum() == 0) {
      return new Polynomial(Map.of());
    }
    Map<Monomial, Rational> product = HashMap.newHashMap(terms.size());
    terms.forEach((monomial, coefficient) -> product.put(monomial, coefficient.times(factor)));
    return new Polynomial(product);
  }

  /**
   * The product, with atoms reduced.
   *
   * @throws TooLarge if it has too many terms or digits
   */
  Polynomial times(Polynomial that, Atoms atoms, Budget budget) {
    if (isOne()) {
      return that;
    }
    if (that.isOne()) {
      return this;
    }
    Map<Monomial, Rational> product = new HashMap<>();
    terms.forEach(
        (left, a) ->
            that.terms.forEach(
                (right, b) -> addProduct(product, left, a, right, b, atoms, budget)));
    return new Polynomial(product);
  }

  private static void addProduct(
      Map<Monomial, Rational> to,
      Monomial left,
      Rational a,
      Monomial right,
      Rational b,
      Atoms atoms,
      Budget budget) {
    budget.spend(4 + (long) a.bits() * b.bits() / 4096);
    Rational coefficient = a.times(b);
    Monomial monomial;
    try {
      monomial = left.times(right);
    } catch (ArithmeticException e) {
      throw new TooLarge();
    }
    for (int i = monomial.size() - 1; i >= 0; i--) {
      Atoms.Atom atom = atoms.get(monomial.atom(i));
      int power = monomial.power(i);
      if (atom.order() > 0 && power >= atom.order()) {
        coefficient = coefficient.times(atom.value().power(power / atom.order()));
        monomial = monomial.withPower(i, power % atom.order());
      }
    }
    add(to, monomial, coefficient, budget);
  }

  private static void add(
      Map<Monomial, Rational> to, Monomial monomial, Rational coefficient, Budget budget) {
    budget.spend(1 + coefficient.bits() / 512);
    if (coefficient.bits() > MOST_BITS || to.size() > MOST_TERMS) {
      throw new TooLarge();
    }
    to.merge(
        monomial,
        coefficient,
        (old, more) -> {
          Rational sum = old.plus(more);
          return sum.signum() == 0 ? null : sum;
        });
  }

  /** This to a power of 0 or more. */
  Polynomial power(int exponent, Atoms atoms, Budget budget) {
    if (terms.size() > 1 && exponent > 1_000
        || terms.size() == 1 && (long) coefficientBits() * exponent > MOST_BITS) {
      throw new TooLarge();
    }
    Polynomial result = of(Rational.ONE);
    Polynomial square = this;
    for (int left = exponent; left > 0; left >>= 1) {
      if ((left & 1) != 0) {
        result = result.times(square, atoms, budget);
      }
      if (left > 1) {
        square = square.times(square, atoms, budget);
      }
    }
    return result;
  }

  private int coefficientBits() {
    Rational coefficient = terms.values().iterator().next();
    // A power of ±1 stays as short as it is.
    return coefficient.abs().equals(Rational.ONE) ? 0 : coefficient.bits();
  }

  /** Whether, not being 0, it certainly has a value other than 0. */
  boolean isIndependent(Atoms atoms) {
    return terms.keySet().stream()
        .allMatch(
            monomial -> {
              for (int i = 0; i < monomial.size(); i++) {
                if (!atoms.get(monomial.atom(i)).independent()) {
                  return false;
                }
              }
              return true;
            });
  }
}
