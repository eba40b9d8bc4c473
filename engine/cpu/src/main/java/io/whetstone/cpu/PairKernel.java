package io.whetstone.cpu;

import static io.whetstone.cpu.Memory.ALL;
import static io.whetstone.cpu.Memory.LANES;
import static io.whetstone.cpu.Memory.ORDER;
import static io.whetstone.cpu.Memory.SPECIES;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * Products of F32 rows with one {@link PairMatrix} block of columns.
 *
 * <p>A column's sum is a chain of fused multiply-adds from 0 over the pairs in order, and in a pair
 * the odd element comes first: that is how the processors' own instruction for bfloat16 does it.
 *
 * <p>Methods keep to some thirty vector operations: in longer ones the compiler stops inlining, and
 * then allocates every vector.
 */
final class PairKernel {
  private static final VectorSpecies<Integer> INTS = SPECIES.withLanes(int.class);
  private static final long VECTOR = 4L * LANES;

  /** From a pair of a block to the next. */
  private static final long PAIR = 4L * PairMatrix.COLUMNS;

  /** From a pair of x to the next. */
  private static final long X_PAIR = 8;

  private static final int UPPER = 0xffff0000;

  private PairKernel() {}

  /**
   * sums[c] = or += Σ_k x[k] b[k, c] for the 64 columns of a block.
   *
   * @param add whether to add to what is there
   */
  static void oneRow(long x, long block, int pairs, long sums, boolean add) {
    for (long column = 0; column < PAIR; column += 4 * VECTOR) {
      fourVectors(x, block + column, pairs, sums + column, add);
    }
  }

  /**
   * {@link #oneRow} for four rows of x.
   *
   * @param xRow bytes from a row of x to the next; those of {@code sums} lie side by side
   */
  static void fourRows(long x, long xRow, long block, int pairs, long sums, boolean add) {
    for (long column = 0; column < PAIR; column += 2 * VECTOR) {
      twoVectors(
          x, x + xRow, x + 2 * xRow, x + 3 * xRow, block + column, pairs, sums + column, add);
    }
  }

  private static void fourVectors(long x, long b, int pairs, long sums, boolean add) {
    FloatVector s0 = FloatVector.zero(SPECIES);
    FloatVector s1 = s0;
    FloatVector s2 = s0;
    FloatVector s3 = s0;
    long pair = b;
    long factor = x;
    for (int p = 0; p < pairs; p++) {
      IntVector b0 = IntVector.fromMemorySegment(INTS, ALL, pair, ORDER);
      IntVector b1 = IntVector.fromMemorySegment(INTS, ALL, pair + VECTOR, ORDER);
      IntVector b2 = IntVector.fromMemorySegment(INTS, ALL, pair + 2 * VECTOR, ORDER);
      IntVector b3 = IntVector.fromMemorySegment(INTS, ALL, pair + 3 * VECTOR, ORDER);
      FloatVector odd = broadcast(factor + 4);
      s0 = odd.fma(b0.and(UPPER).reinterpretAsFloats(), s0);
      s1 = odd.fma(b1.and(UPPER).reinterpretAsFloats(), s1);
      s2 = odd.fma(b2.and(UPPER).reinterpretAsFloats(), s2);
      s3 = odd.fma(b3.and(UPPER).reinterpretAsFloats(), s3);
      FloatVector even = broadcast(factor);
      s0 = even.fma(b0.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats(), s0);
      s1 = even.fma(b1.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats(), s1);
      s2 = even.fma(b2.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats(), s2);
      s3 = even.fma(b3.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats(), s3);
      pair += PAIR;
      factor += X_PAIR;
    }
    put(s0, sums, add);
    put(s1, sums + VECTOR, add);
    put(s2, sums + 2 * VECTOR, add);
    put(s3, sums + 3 * VECTOR, add);
  }

  private static void twoVectors(
      long x0, long x1, long x2, long x3, long b, int pairs, long sums, boolean add) {
    FloatVector s00 = FloatVector.zero(SPECIES);
    FloatVector s01 = s00;
    FloatVector s10 = s00;
    FloatVector s11 = s00;
    FloatVector s20 = s00;
    FloatVector s21 = s00;
    FloatVector s30 = s00;
    FloatVector s31 = s00;
    long pair = b;
    for (int p = 0; p < pairs; p++) {
      IntVector b0 = IntVector.fromMemorySegment(INTS, ALL, pair, ORDER);
      IntVector b1 = IntVector.fromMemorySegment(INTS, ALL, pair + VECTOR, ORDER);
      long at = X_PAIR * p;
      FloatVector w0 = b0.and(UPPER).reinterpretAsFloats();
      FloatVector w1 = b1.and(UPPER).reinterpretAsFloats();
      FloatVector x = broadcast(x0 + at + 4);
      s00 = x.fma(w0, s00);
      s01 = x.fma(w1, s01);
      x = broadcast(x1 + at + 4);
      s10 = x.fma(w0, s10);
      s11 = x.fma(w1, s11);
      x = broadcast(x2 + at + 4);
      s20 = x.fma(w0, s20);
      s21 = x.fma(w1, s21);
      x = broadcast(x3 + at + 4);
      s30 = x.fma(w0, s30);
      s31 = x.fma(w1, s31);
      w0 = b0.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
      w1 = b1.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
      x = broadcast(x0 + at);
      s00 = x.fma(w0, s00);
      s01 = x.fma(w1, s01);
      x = broadcast(x1 + at);
      s10 = x.fma(w0, s10);
      s11 = x.fma(w1, s11);
      x = broadcast(x2 + at);
      s20 = x.fma(w0, s20);
      s21 = x.fma(w1, s21);
      x = broadcast(x3 + at);
      s30 = x.fma(w0, s30);
      s31 = x.fma(w1, s31);
      pair += PAIR;
    }
    put(s00, sums, add);
    put(s01, sums + VECTOR, add);
    put(s10, sums + PAIR, add);
    put(s11, sums + PAIR + VECTOR, add);
    put(s20, sums + 2 * PAIR, add);
    put(s21, sums + 2 * PAIR + VECTOR, add);
    put(s30, sums + 3 * PAIR, add);
    put(s31, sums + 3 * PAIR + VECTOR, add);
  }

  private static FloatVector broadcast(long address) {
    return FloatVector.broadcast(SPECIES, Memory.get(address));
  }

  private static void put(FloatVector sum, long at, boolean add) {
    FloatVector total = add ? FloatVector.fromMemorySegment(SPECIES, ALL, at, ORDER).add(sum) : sum;
    total.intoMemorySegment(ALL, at, ORDER);
  }
}
