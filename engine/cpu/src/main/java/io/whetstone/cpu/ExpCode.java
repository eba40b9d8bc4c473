package io.whetstone.cpu;

import io.whetstone.cpu.machine.Assembler;
import io.whetstone.cpu.machine.Register;

/**
 * Writes {@link VectorMath}'s exponentials as instructions, operation for operation.
 *
 * <p>Takes the vector registers from {@link #FIRST} on for its constants, and the mask registers 6
 * and 7.
 */
final class ExpCode {
  /** The first register that is taken. */
  static final int FIRST = 17;

  /** A register of zeros, for whoever needs one. */
  static final int ZERO = 17;

  /** A register of ones. */
  static final int ONE = 21;

  private static final int INFINITY = 18;
  private static final int EXP_MAX = 19;
  private static final int HALF = 20;
  private static final int E0 = 22;
  private static final int E1 = 23;
  private static final int E2 = 24;
  private static final int E3 = 25;
  private static final int E4 = 26;
  private static final int MINUS_LN2_LOW = 27;
  private static final int MINUS_LN2_HIGH = 28;
  private static final int ROUNDER = 29;
  private static final int LOG2_E = 30;
  private static final int EXP_MIN = 31;

  private static final int SMALL = 6;
  private static final int LARGE = 7;
  private static final int MANTISSA = 23;

  private final Assembler to;

  ExpCode(Assembler to) {
    this.to = to;
  }

  /** Before the first of them; RAX is lost. */
  void constants() {
    to.zero(ZERO);
    constant(INFINITY, Float.POSITIVE_INFINITY);
    constant(EXP_MAX, VectorMath.EXP_MAX);
    constant(HALF, 0.5f);
    constant(ONE, 1);
    constant(E0, VectorMath.E0);
    constant(E1, VectorMath.E1);
    constant(E2, VectorMath.E2);
    constant(E3, VectorMath.E3);
    constant(E4, VectorMath.E4);
    constant(MINUS_LN2_LOW, -VectorMath.LN2_LOW);
    constant(MINUS_LN2_HIGH, -VectorMath.LN2_HIGH);
    constant(ROUNDER, VectorMath.ROUNDER);
    constant(LOG2_E, VectorMath.LOG2_E);
    constant(EXP_MIN, VectorMath.EXP_MIN);
  }

  /** A vector of one number; RAX is lost. */
  void constant(int vector, float number) {
    bits(vector, Float.floatToRawIntBits(number));
  }

  /** A vector of the same bits; RAX is lost. */
  void bits(int vector, int bits) {
    to.move(Register.RAX, bits);
    to.broadcast(vector, Register.RAX);
  }

  /** value = {@link VectorMath#expOfNegative} of x; x and the other two are lost. */
  void ofNegative(int value, int x, int shifted, int n) {
    to.larger(x, EXP_MIN, x);
    polynomial(value, x, shifted, n);
    to.shiftLeft(shifted, shifted, MANTISSA);
    to.addIntegers(shifted, shifted, ONE);
    to.multiply(value, value, shifted);
  }

  /** value = {@link VectorMath#exp} of x; x and the other two are lost. */
  void of(int value, int x, int shifted, int n) {
    to.markLess(SMALL, x, EXP_MIN);
    to.markLess(LARGE, EXP_MAX, x);
    polynomial(value, x, shifted, n);
    to.shiftLeft(shifted, shifted, MANTISSA);
    to.addIntegers(shifted, shifted, HALF);
    to.multiply(value, value, shifted);
    to.add(value, value, value);
    to.replace(value, ZERO, SMALL);
    to.replace(value, INFINITY, LARGE);
  }

  /** value = eʳ, where x = n ln 2 + r and n is in the low bits of {@code shifted}. */
  private void polynomial(int value, int x, int shifted, int n) {
    to.copy(shifted, ROUNDER);
    to.multiplyAdd(shifted, x, LOG2_E);
    to.subtract(n, shifted, ROUNDER);
    to.multiplyAdd(x, n, MINUS_LN2_HIGH);
    to.multiplyAdd(x, n, MINUS_LN2_LOW);
    to.copy(value, E3);
    to.multiplyAdd(value, x, E4);
    to.multiplyInto(value, x, E2);
    to.multiplyInto(value, x, E1);
    to.multiplyInto(value, x, E0);
    to.multiply(n, x, x);
    to.multiplyInto(value, n, x);
    to.add(value, value, ONE);
  }
}
