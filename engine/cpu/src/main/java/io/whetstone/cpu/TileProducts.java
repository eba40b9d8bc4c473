package io.whetstone.cpu;

import static io.whetstone.cpu.Memory.LANES;
import static io.whetstone.cpu.Memory.SPECIES;

import jdk.incubator.vector.FloatVector;

/**
 * The inner loops of attention. Every number made here is one chain of fused multiply-adds in a
 * fixed order, whether four rows or one are worked on together.
 *
 * <p>Memory is reached directly: {@link Memory}'s methods are not inlined where they are called
 * seldom, as behind these loops, and what they are given is then boxed.
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
      FloatVector a =
          FloatVector.fromMemorySegment(
              SPECIES, Memory.ALL, keysA + TileLayout.KEY_STEP * d, Memory.ORDER);
      FloatVector b =
          FloatVector.fromMemorySegment(
              SPECIES, Memory.ALL, keysB + TileLayout.KEY_STEP * d, Memory.ORDER);
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
    a0.intoMemorySegment(Memory.ALL, out0, Memory.ORDER);
    b0.intoMemorySegment(Memory.ALL, out0 + VECTOR, Memory.ORDER);
    a1.intoMemorySegment(Memory.ALL, out1, Memory.ORDER);
    b1.intoMemorySegment(Memory.ALL, out1 + VECTOR, Memory.ORDER);
    a2.intoMemorySegment(Memory.ALL, out2, Memory.ORDER);
    b2.intoMemorySegment(Memory.ALL, out2 + VECTOR, Memory.ORDER);
    a3.intoMemorySegment(Memory.ALL, out3, Memory.ORDER);
    b3.intoMemorySegment(Memory.ALL, out3 + VECTOR, Memory.ORDER);
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
      a =
          factor.fma(
              FloatVector.fromMemorySegment(SPECIES, Memory.ALL, keysA + step, Memory.ORDER), a);
      b =
          factor.fma(
              FloatVector.fromMemorySegment(SPECIES, Memory.ALL, keysB + step, Memory.ORDER), b);
      c =
          factor.fma(
              FloatVector.fromMemorySegment(SPECIES, Memory.ALL, keysC + step, Memory.ORDER), c);
      d =
          factor.fma(
              FloatVector.fromMemorySegment(SPECIES, Memory.ALL, keysD + step, Memory.ORDER), d);
    }
    a.intoMemorySegment(Memory.ALL, out, Memory.ORDER);
    b.intoMemorySegment(Memory.ALL, out + VECTOR, Memory.ORDER);
    c.intoMemorySegment(Memory.ALL, out + 2 * VECTOR, Memory.ORDER);
    d.intoMemorySegment(Memory.ALL, out + 3 * VECTOR, Memory.ORDER);
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
    FloatVector a0 = FloatVector.fromMemorySegment(SPECIES, Memory.ALL, sum0, Memory.ORDER);
    FloatVector b0 =
        FloatVector.fromMemorySegment(SPECIES, Memory.ALL, sum0 + VECTOR, Memory.ORDER);
    FloatVector a1 = FloatVector.fromMemorySegment(SPECIES, Memory.ALL, sum1, Memory.ORDER);
    FloatVector b1 =
        FloatVector.fromMemorySegment(SPECIES, Memory.ALL, sum1 + VECTOR, Memory.ORDER);
    FloatVector a2 = FloatVector.fromMemorySegment(SPECIES, Memory.ALL, sum2, Memory.ORDER);
    FloatVector b2 =
        FloatVector.fromMemorySegment(SPECIES, Memory.ALL, sum2 + VECTOR, Memory.ORDER);
    FloatVector a3 = FloatVector.fromMemorySegment(SPECIES, Memory.ALL, sum3, Memory.ORDER);
    FloatVector b3 =
        FloatVector.fromMemorySegment(SPECIES, Memory.ALL, sum3 + VECTOR, Memory.ORDER);
    for (int i = 0; i < count; i++) {
      FloatVector a =
          FloatVector.fromMemorySegment(SPECIES, Memory.ALL, rows + rowStep * i, Memory.ORDER);
      FloatVector b =
          FloatVector.fromMemorySegment(
              SPECIES, Memory.ALL, rows + rowStep * i + VECTOR, Memory.ORDER);
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
    a0.intoMemorySegment(Memory.ALL, sum0, Memory.ORDER);
    b0.intoMemorySegment(Memory.ALL, sum0 + VECTOR, Memory.ORDER);
    a1.intoMemorySegment(Memory.ALL, sum1, Memory.ORDER);
    b1.intoMemorySegment(Memory.ALL, sum1 + VECTOR, Memory.ORDER);
    a2.intoMemorySegment(Memory.ALL, sum2, Memory.ORDER);
    b2.intoMemorySegment(Memory.ALL, sum2 + VECTOR, Memory.ORDER);
    a3.intoMemorySegment(Memory.ALL, sum3, Memory.ORDER);
    b3.intoMemorySegment(Memory.ALL, sum3 + VECTOR, Memory.ORDER);
  }

  /** {@link #accumulate4} for one sum, with weights that lie side by side. */
  static void accumulate1(long sum, long weights, long rows, long rowStep, int count) {
    FloatVector a = FloatVector.fromMemorySegment(SPECIES, Memory.ALL, sum, Memory.ORDER);
    FloatVector b = FloatVector.fromMemorySegment(SPECIES, Memory.ALL, sum + VECTOR, Memory.ORDER);
    for (int i = 0; i < count; i++) {
      FloatVector w = broadcast(weights + 4L * i);
      a =
          w.fma(
              FloatVector.fromMemorySegment(SPECIES, Memory.ALL, rows + rowStep * i, Memory.ORDER),
              a);
      b =
          w.fma(
              FloatVector.fromMemorySegment(
                  SPECIES, Memory.ALL, rows + rowStep * i + VECTOR, Memory.ORDER),
              b);
    }
    a.intoMemorySegment(Memory.ALL, sum, Memory.ORDER);
    b.intoMemorySegment(Memory.ALL, sum + VECTOR, Memory.ORDER);
  }

  private static FloatVector broadcast(long address) {
    return FloatVector.broadcast(SPECIES, Memory.get(address));
  }
}
