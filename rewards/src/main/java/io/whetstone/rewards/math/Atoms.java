package io.whetstone.rewards.math;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What polynomials are made of: variables, π, e, i, roots of primes, and expressions that algebra
 * does not look into. Some reduce: {@code i² = −1}, {@code (√2)² = 2}.
 */
final class Atoms {

  /**
   * @param key what it is: an expression, or a {@link Root}
   * @param order the power at which it becomes the value, or 0
   * @param independent whether nothing but its own reduction relates it to other such atoms, so
   *     that a polynomial that is not 0 has a value that is not 0
   */
  record Atom(Object key, int order, Rational value, boolean independent) {}

  /** The real {@code degree}-th root of a whole number. */
  record Root(java.math.BigInteger radicand, int degree) {}

  private final List<Atom> atoms = new ArrayList<>();
  private final Map<Object, Integer> numbers = new HashMap<>();

  int variable(Expression symbol) {
    return number(new Atom(symbol, 0, null, true));
  }

  int imaginary() {
    return number(new Atom(Expression.Constant.I, 2, Rational.MINUS_ONE, true));
  }

  /** π or e: nobody knows what may relate the two, so only one of them is independent. */
  int transcendental(Expression.Constant constant) {
    return number(new Atom(constant, 0, null, constant == Expression.Constant.PI));
  }

  int root(Root root, boolean prime) {
    return number(
        new Atom(root, root.degree(), Rational.of(root.radicand()), prime && root.degree() == 2));
  }

  int opaque(Expression expression) {
    return number(new Atom(expression, 0, null, false));
  }

  private int number(Atom atom) {
    return numbers.computeIfAbsent(
        atom.key(),
        key -> {
          atoms.add(atom);
          return atoms.size() - 1;
        });
  }

  Atom get(int number) {
    return atoms.get(number);
  }
}
