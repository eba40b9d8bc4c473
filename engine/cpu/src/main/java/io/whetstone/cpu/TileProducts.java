package io.whetstone.cpu;

import static io.whetstone.cpu.Memory.LANES;
import static io.whetstone.cpu.Memory.SPECIES;

import jdk.incubator.vector.FloatVector;

/**
 * The inner loops of attention. Every number made here is one chain of fused multiply-adds in a
 * fixed order, whether four rows or one are worked on together.
 */
final class TileProducts {
  private static final long VECTOR = 4L * LANES;

  private TileProducts() {}

  /**
   * Dot products of four rows with the keys in two vectors of lanes: {@code out_r[lane] = Σ_d
   * x_r[d] key[d, lane]}.
   *
   * @param keysA first dimension of one vector of keys, further ones {@link TileLayout#KEY_STEP} on
   * @param out0 where the first vector's products for row 0 go, the second's right after
   */
  static void dots4(
      long x0,
      long x1,
      long x2,
      long x3,
      long keysA,
      long keysB,
      int size,
      long out0,
      long out1,
      long out2,
      long out3) {
    FloatVector a0 = FloatVector.zero(SPECIES);
    FloatVector a1 = a0;
    FloatVector a2 = a0;
    FloatVector a3 = a0;
    FloatVector b0 = a0;
    FloatVector b1 = a0;
    FloatVector b2 = a0;
    FloatVector b3 = a0;
    for (int d = 0; d < size; d++) {
      FloatVector a = Memory.load(keysA + TileLayout.KEY_STEP * d);
      FloatVector b = Memory.load(keysB + TileLayout.KEY_STEP * d);
      FloatVector x = broadcast(x0 + 4L * d);
      a0 = x.fma(a, a0);
      b0 = x.fma(b, b0);
      x = broadcast(x1 + 4L * d);
      a1 = x.fma(a, a1);
      b1 = x.fma(b, b1);
      x = broadcast(x2 + 4L * d);
      a2 = x.fma(a, a2);
      b2 = x.fma(b, b2);
      x = broadcast(x3 + 4L * d);
      a3 = x.fma(a, a3);
      b3 = x.fma(b, b3);
    }
    Memory.store(a0, out0);
    Memory.store(b0, out0 + VECTOR);
    Memory.store(a1, out1);
    Memory.store(b1, out1 + VECTOR);
    Memory.store(a2, out2);
    Memory.store(b2, out2 + VECTOR);
    Memory.store(a3, out3);
    Memory.store(b3, out3 + VECTOR);
  }

  /** {@link #dots4} of one row with four vectors of keys. */
  static void dots1(long x, long keysA, long keysB, long keysC, long keysD, int size, long out) {
    FloatVector a = FloatVector.zero(SPECIES);
    FloatVector b = a;
    FloatVector c = a;
    FloatVector d = a;
    for (int i = 0; i < size; i++) {
      long step = TileLayout.KEY_STEP * i;
      FloatVector factor = broadcast(x + 4L * i);
      a = factor.fma(Memory.load(keysA + step), a);
      b = factor.fma(Memory.load(keysB + step), b);
      c = factor.fma(Memory.load(keysC + step), c);
      d = factor.fma(Memory.load(keysD + step), d);
    }
    Memory.store(a, out);
    Memory.store(b, out + VECTOR);
    Memory.store(c, out + 2 * VECTOR);
    Memory.store(d, out + 3 * VECTOR);
  }

  /**
   * Adds weighted rows onto four sums of two vectors each: {@code sum_r += Σ_i weight_r[i]
   * rows[i]}, in the order of i.
   *
   * @param weight0 row 0's weight for i = 0, further ones {@code weightStep} bytes on
   * @param rows two vectors for i = 0, further ones {@code rowStep} bytes on
   */
  static void accumulate4(
      long sum0,
      long sum1,
      long sum2,
      long sum3,
      long weight0,
      long weight1,
      long weight2,
      long weight3,
      long weightStep,
      long rows,
      long rowStep,
      int count) {
    FloatVector a0 = Memory.load(sum0);
    FloatVector b0 = Memory.load(sum0 + VECTOR);
    FloatVector a1 = Memory.load(sum1);
    FloatVector b1 = Memory.load(sum1 + VECTOR);
    FloatVector a2 = Memory.load(sum2);
    FloatVector b2 = Memory.load(sum2 + VECTOR);
    FloatVector a3 = Memory.load(sum3);
    FloatVector b3 = Memory.load(sum3 + VECTOR);
    for (int i = 0; i < count; i++) {
      FloatVector a = Memory.load(rows + rowStep * i);
      FloatVector b = Memory.load(rows + rowStep * i + VECTOR);
      FloatVector w = broadcast(weight0 + weightStep * i);
      a0 = w.fma(a, a0);
      b0 = w.fma(b, b0);
      w = broadcast(weight1 + weightStep * i);
      a1 = w.fma(a, a1);
      b1 = w.fma(b, b1);
      w = broadcast(weight2 + weightStep * i);
      a2 = w.fma(a, a2);
      b2 = w.fma(b, b2);
      w = broadcast(weight3 + weightStep * i);
      a3 = w.fma(a, a3);
      b3 = w.fma(b, b3);
    }
    Memory.store(a0, sum0);
    Memory.store(b0, sum0 + VECTOR);
    Memory.store(a1, sum1);
    Memory.store(b1, sum1 + VECTOR);
    Memory.store(a2, sum2);
    Memory.store(b2, sum2 + VECTOR);
    Memory.store(a3, sum3);
    Memory.store(b3, sum3 + VECTOR);
  }

  /** {@link #accumulate4} for one sum, with weights that lie side by side. */
  static void accumulate1(long sum, long weights, long rows, long rowStep, int count) {
    FloatVector a = Memory.load(sum);
    FloatVector b = Memory.load(sum + VECTOR);
    for (int i = 0; i < count; i++) {
      FloatVector w = broadcast(weights + 4L * i);
      a = w.fma(Memory.load(rows + rowStep * i), a);
      b = w.fma(Memory.load(rows + rowStep * i + VECTOR), b);
    }
    Memory.store(a, sum);
    Memory.store(b, sum + VECTOR);
  }

  private static FloatVector broadcast(long address) {
    return FloatVector.broadcast(SPECIES, Memory.get(address));
  }
}
