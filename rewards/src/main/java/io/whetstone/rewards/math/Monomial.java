package io.whetstone.rewards.math;

import java.util.Arrays;

/** A product of atoms to powers above 0: pairs of an atom's number and its power, in order. */
final class Monomial {

  static final Monomial ONE = new Monomial(new int[0]);

  private final int[] pairs;
  private final int hash;

  private Monomial(int[] pairs) {
    this.pairs = pairs;
    this.hash = Arrays.hashCode(pairs);
  }

  static Monomial of(int atom, int power) {
    return power == 0 ? ONE : new Monomial(new int[] {atom, power});
  }

  boolean isOne() {
    return pairs.length == 0;
  }

  /** How many atoms. */
  int size() {
    return pairs.length / 2;
  }

  int atom(int index) {
    return pairs[2 * index];
  }

  int power(int index) {
    return pairs[2 * index + 1];
  }

  /**
   * The product, without regard to what atoms are.
   *
   * @throws ArithmeticException if a power no longer fits an int
   */
  Monomial times(Monomial that) {
    if (isOne()) {
      return that;
    }
    if (that.isOne()) {
      return this;
    }
    int[] product = new int[pairs.length + that.pairs.length];
    int length = 0;
    int i = 0;
    int j = 0;
    while (i < pairs.length || j < that.pairs.length) {
      if (j == that.pairs.length || i < pairs.length && pairs[i] < that.pairs[j]) {
        product[length++] = pairs[i++];
        product[length++] = pairs[i++];
      } else if (i == pairs.length || that.pairs[j] < pairs[i]) {
        product[length++] = that.pairs[j++];
        product[length++] = that.pairs[j++];
      } else {
        product[length++] = pairs[i];
        product[length++] = Math.addExact(pairs[i + 1], that.pairs[j + 1]);
        i += 2;
        j += 2;
      }
    }
    return new Monomial(length == product.length ? product : Arrays.copyOf(product, length));
  }

  /** The same with another power of the atom at this index; 0 removes it. */
  Monomial withPower(int index, int power) {
    int[] changed = pairs.clone();
    changed[2 * index + 1] = power;
    if (power == 0) {
      System.arraycopy(pairs, 2 * index + 2, changed, 2 * index, pairs.length - 2 * index - 2);
      changed = Arrays.copyOf(changed, pairs.length - 2);
    }
    return new Monomial(changed);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Monomial that && Arrays.equals(pairs, that.pairs);
  }

  @Override
  public int hashCode() {
    return hash;
  }
}
