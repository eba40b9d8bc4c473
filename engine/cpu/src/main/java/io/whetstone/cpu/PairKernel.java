package io.whetstone.cpu;

import static io.whetstone.cpu.Memory.ALL;
import static io.whetstone.cpu.Memory.LANES;
import static io.whetstone.cpu.Memory.ORDER;
import static io.whetstone.cpu.Memory.SPECIES;

import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * Products of F32 rows with blocks of columns of a {@link PairMatrix}.
 *
 * <p>A column's sum is a chain of fused multiply-adds from 0 over the pairs in order, and in a pair
 * the odd element comes first: that is how the processors' own instruction for bfloat16 does it.
 *
 * <p>The loops use the Vector API's own methods wherever they can: the compiler always inlines
 * those, but stops to inline ours in methods as long as these, and then allocates every vector.
 */
final class PairKernel {
  private static final VectorSpecies<Integer> INTS = SPECIES.withLanes(int.class);
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;
  private static final long VECTOR = 4L * LANES;

  /** From a pair of a block to the next. */
  private static final long PAIR = 4L * PairMatrix.COLUMNS;

  /** From a pair of x to the next. */
  private static final long X_PAIR = 8;

  private static final int UPPER = 0xffff0000;

  private PairKernel() {}

  /**
   * For the 64 columns of two blocks: sums[c] = Σ_k x[k] b[k, c].
   *
   * <p>Two blocks are read at once because a processor prefetches within a page only: while one
   * stream waits at the beginning of a page, the other one goes on.
   *
   * @param sums of the first block, those of the second right after
   */
  static void oneRow(long x, long block0, long block1, int pairs, long sums) {
    for (long column = 0; column < PAIR; column += 4 * VECTOR) {
      long to = sums + column;
      oneRowFourVectors(x, block0 + column, block1 + column, pairs, to, to + PAIR);
    }
  }

  /**
   * For the 64 columns of a block and four rows.
   *
   * @param xRow bytes from a row of x to the next
   * @param sums of the first row, {@code sumsRow} bytes on the next
   */
  static void fourRows(long x, long xRow, long block, int pairs, long sums, long sumsRow) {
    for (long column = 0; column < PAIR; column += 2 * VECTOR) {
      fourRowsTwoVectors(x, xRow, block + column, pairs, sums + column, sumsRow);
    }
  }

  /** {@link #fourRows} for eight; it needs 32 registers. */
  static void eightRows(long x, long xRow, long block, int pairs, long sums, long sumsRow) {
    for (long column = 0; column < PAIR; column += 2 * VECTOR) {
      eightRowsTwoVectors(x, xRow, block + column, pairs, sums + column, sumsRow);
    }
  }

  /**
   * For the 64 columns of a block and four rows: sums[r, c] += Σ_k x[r, k] b[k, c].
   *
   * <p>It reads the block in the order in which it lies in memory, so that a processor's
   * prefetching keeps up; a few pairs at a time, further rows find them in the first cache. It
   * needs 32 registers of 16 numbers.
   *
   * @param xRow bytes from a row of x to the next
   * @param sums of the first row, {@code sumsRow} bytes on the next
   */
  static void addFourRows(long x, long xRow, long block, int pairs, long sums, long sumsRow) {
    long x1 = x + xRow;
    long x2 = x + 2 * xRow;
    long x3 = x + 3 * xRow;
    FloatVector s00 = FloatVector.fromMemorySegment(SPECIES, ALL, sums, ORDER);
    FloatVector s01 = FloatVector.fromMemorySegment(SPECIES, ALL, sums + VECTOR, ORDER);
    FloatVector s02 = FloatVector.fromMemorySegment(SPECIES, ALL, sums + 2 * VECTOR, ORDER);
    FloatVector s03 = FloatVector.fromMemorySegment(SPECIES, ALL, sums + 3 * VECTOR, ORDER);
    FloatVector s10 = FloatVector.fromMemorySegment(SPECIES, ALL, sums + sumsRow, ORDER);
    FloatVector s11 = FloatVector.fromMemorySegment(SPECIES, ALL, sums + sumsRow + VECTOR, ORDER);
    FloatVector s12 =
        FloatVector.fromMemorySegment(SPECIES, ALL, sums + sumsRow + 2 * VECTOR, ORDER);
    FloatVector s13 =
        FloatVector.fromMemorySegment(SPECIES, ALL, sums + sumsRow + 3 * VECTOR, ORDER);
    FloatVector s20 = FloatVector.fromMemorySegment(SPECIES, ALL, sums + 2 * sumsRow, ORDER);
    FloatVector s21 =
        FloatVector.fromMemorySegment(SPECIES, ALL, sums + 2 * sumsRow + VECTOR, ORDER);
    FloatVector s22 =
        FloatVector.fromMemorySegment(SPECIES, ALL, sums + 2 * sumsRow + 2 * VECTOR, ORDER);
    FloatVector s23 =
        FloatVector.fromMemorySegment(SPECIES, ALL, sums + 2 * sumsRow + 3 * VECTOR, ORDER);
    FloatVector s30 = FloatVector.fromMemorySegment(SPECIES, ALL, sums + 3 * sumsRow, ORDER);
    FloatVector s31 =
        FloatVector.fromMemorySegment(SPECIES, ALL, sums + 3 * sumsRow + VECTOR, ORDER);
    FloatVector s32 =
        FloatVector.fromMemorySegment(SPECIES, ALL, sums + 3 * sumsRow + 2 * VECTOR, ORDER);
    FloatVector s33 =
        FloatVector.fromMemorySegment(SPECIES, ALL, sums + 3 * sumsRow + 3 * VECTOR, ORDER);
    long pair = block;
    for (long at = 0; at < X_PAIR * pairs; at += X_PAIR) {
      IntVector b0 = IntVector.fromMemorySegment(INTS, ALL, pair, ORDER);
      IntVector b1 = IntVector.fromMemorySegment(INTS, ALL, pair + VECTOR, ORDER);
      IntVector b2 = IntVector.fromMemorySegment(INTS, ALL, pair + 2 * VECTOR, ORDER);
      IntVector b3 = IntVector.fromMemorySegment(INTS, ALL, pair + 3 * VECTOR, ORDER);
      FloatVector w0 = b0.and(UPPER).reinterpretAsFloats();
      FloatVector w1 = b1.and(UPPER).reinterpretAsFloats();
      FloatVector w2 = b2.and(UPPER).reinterpretAsFloats();
      FloatVector w3 = b3.and(UPPER).reinterpretAsFloats();
      FloatVector f = FloatVector.broadcast(SPECIES, ALL.get(FLOAT, x + at + 4));
      s00 = f.fma(w0, s00);
      s01 = f.fma(w1, s01);
      s02 = f.fma(w2, s02);
      s03 = f.fma(w3, s03);
      f = FloatVector.broadcast(SPECIES, ALL.get(FLOAT, x1 + at + 4));
      s10 = f.fma(w0, s10);
      s11 = f.fma(w1, s11);
      s12 = f.fma(w2, s12);
      s13 = f.fma(w3, s13);
      f = FloatVector.broadcast(SPECIES, ALL.get(FLOAT, x2 + at + 4));
      s20 = f.fma(w0, s20);
      s21 = f.fma(w1, s21);
      s22 = f.fma(w2, s22);
      s23 = f.fma(w3, s23);
      f = FloatVector.broadcast(SPECIES, ALL.get(FLOAT, x3 + at + 4));
      s30 = f.fma(w0, s30);
      s31 = f.fma(w1, s31);
      s32 = f.fma(w2, s32);
      s33 = f.fma(w3, s33);
      w0 = b0.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
      w1 = b1.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
      w2 = b2.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
      w3 = b3.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
      f = FloatVector.broadcast(SPECIES, ALL.get(FLOAT, x + at));
      s00 = f.fma(w0, s00);
      s01 = f.fma(w1, s01);
      s02 = f.fma(w2, s02);
      s03 = f.fma(w3, s03);
      f = FloatVector.broadcast(SPECIES, ALL.get(FLOAT, x1 + at));
      s10 = f.fma(w0, s10);
      s11 = f.fma(w1, s11);
      s12 = f.fma(w2, s12);
      s13 = f.fma(w3, s13);
      f = FloatVector.broadcast(SPECIES, ALL.get(FLOAT, x2 + at));
      s20 = f.fma(w0, s20);
      s21 = f.fma(w1, s21);
      s22 = f.fma(w2, s22);
      s23 = f.fma(w3, s23);
      f = FloatVector.broadcast(SPECIES, ALL.get(FLOAT, x3 + at));
      s30 = f.fma(w0, s30);
      s31 = f.fma(w1, s31);
      s32 = f.fma(w2, s32);
      s33 = f.fma(w3, s33);
      pair += PAIR;
    }
    s00.intoMemorySegment(ALL, sums, ORDER);
    s01.intoMemorySegment(ALL, sums + VECTOR, ORDER);
    s02.intoMemorySegment(ALL, sums + 2 * VECTOR, ORDER);
    s03.intoMemorySegment(ALL, sums + 3 * VECTOR, ORDER);
    s10.intoMemorySegment(ALL, sums + sumsRow, ORDER);
    s11.intoMemorySegment(ALL, sums + sumsRow + VECTOR, ORDER);
    s12.intoMemorySegment(ALL, sums + sumsRow + 2 * VECTOR, ORDER);
    s13.intoMemorySegment(ALL, sums + sumsRow + 3 * VECTOR, ORDER);
    s20.intoMemorySegment(ALL, sums + 2 * sumsRow, ORDER);
    s21.intoMemorySegment(ALL, sums + 2 * sumsRow + VECTOR, ORDER);
    s22.intoMemorySegment(ALL, sums + 2 * sumsRow + 2 * VECTOR, ORDER);
    s23.intoMemorySegment(ALL, sums + 2 * sumsRow + 3 * VECTOR, ORDER);
    s30.intoMemorySegment(ALL, sums + 3 * sumsRow, ORDER);
    s31.intoMemorySegment(ALL, sums + 3 * sumsRow + VECTOR, ORDER);
    s32.intoMemorySegment(ALL, sums + 3 * sumsRow + 2 * VECTOR, ORDER);
    s33.intoMemorySegment(ALL, sums + 3 * sumsRow + 3 * VECTOR, ORDER);
  }

  private static void oneRowFourVectors(
      long x, long left, long right, int pairs, long leftSums, long rightSums) {
    FloatVector s0 = FloatVector.zero(SPECIES);
    FloatVector s1 = s0;
    FloatVector s2 = s0;
    FloatVector s3 = s0;
    FloatVector s4 = s0;
    FloatVector s5 = s0;
    FloatVector s6 = s0;
    FloatVector s7 = s0;
    for (long p = 0; p < pairs; p++) {
      long at = PAIR * p;
      IntVector b0 = IntVector.fromMemorySegment(INTS, ALL, left + at, ORDER);
      IntVector b1 = IntVector.fromMemorySegment(INTS, ALL, left + at + VECTOR, ORDER);
      IntVector b2 = IntVector.fromMemorySegment(INTS, ALL, left + at + 2 * VECTOR, ORDER);
      IntVector b3 = IntVector.fromMemorySegment(INTS, ALL, left + at + 3 * VECTOR, ORDER);
      IntVector b4 = IntVector.fromMemorySegment(INTS, ALL, right + at, ORDER);
      IntVector b5 = IntVector.fromMemorySegment(INTS, ALL, right + at + VECTOR, ORDER);
      IntVector b6 = IntVector.fromMemorySegment(INTS, ALL, right + at + 2 * VECTOR, ORDER);
      IntVector b7 = IntVector.fromMemorySegment(INTS, ALL, right + at + 3 * VECTOR, ORDER);
      FloatVector odd = FloatVector.broadcast(SPECIES, ALL.get(FLOAT, x + X_PAIR * p + 4));
      s0 = odd.fma(b0.and(UPPER).reinterpretAsFloats(), s0);
      s1 = odd.fma(b1.and(UPPER).reinterpretAsFloats(), s1);
      s2 = odd.fma(b2.and(UPPER).reinterpretAsFloats(), s2);
      s3 = odd.fma(b3.and(UPPER).reinterpretAsFloats(), s3);
      s4 = odd.fma(b4.and(UPPER).reinterpretAsFloats(), s4);
      s5 = odd.fma(b5.and(UPPER).reinterpretAsFloats(), s5);
      s6 = odd.fma(b6.and(UPPER).reinterpretAsFloats(), s6);
      s7 = odd.fma(b7.and(UPPER).reinterpretAsFloats(), s7);
      FloatVector even = FloatVector.broadcast(SPECIES, ALL.get(FLOAT, x + X_PAIR * p));
      s0 = even.fma(b0.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats(), s0);
      s1 = even.fma(b1.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats(), s1);
      s2 = even.fma(b2.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats(), s2);
      s3 = even.fma(b3.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats(), s3);
      s4 = even.fma(b4.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats(), s4);
      s5 = even.fma(b5.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats(), s5);
      s6 = even.fma(b6.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats(), s6);
      s7 = even.fma(b7.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats(), s7);
    }
    s0.intoMemorySegment(ALL, leftSums, ORDER);
    s1.intoMemorySegment(ALL, leftSums + VECTOR, ORDER);
    s2.intoMemorySegment(ALL, leftSums + 2 * VECTOR, ORDER);
    s3.intoMemorySegment(ALL, leftSums + 3 * VECTOR, ORDER);
    s4.intoMemorySegment(ALL, rightSums, ORDER);
    s5.intoMemorySegment(ALL, rightSums + VECTOR, ORDER);
    s6.intoMemorySegment(ALL, rightSums + 2 * VECTOR, ORDER);
    s7.intoMemorySegment(ALL, rightSums + 3 * VECTOR, ORDER);
  }

  private static void fourRowsTwoVectors(
      long x, long xRow, long b, int pairs, long sums, long sumsRow) {
    FloatVector s00 = FloatVector.zero(SPECIES);
    FloatVector s01 = s00;
    FloatVector s10 = s00;
    FloatVector s11 = s00;
    FloatVector s20 = s00;
    FloatVector s21 = s00;
    FloatVector s30 = s00;
    FloatVector s31 = s00;
    long x1 = x + xRow;
    long x2 = x + 2 * xRow;
    long x3 = x + 3 * xRow;
    long pair = b;
    for (long at = 0; at < X_PAIR * pairs; at += X_PAIR) {
      IntVector b0 = IntVector.fromMemorySegment(INTS, ALL, pair, ORDER);
      IntVector b1 = IntVector.fromMemorySegment(INTS, ALL, pair + VECTOR, ORDER);
      FloatVector w0 = b0.and(UPPER).reinterpretAsFloats();
      FloatVector w1 = b1.and(UPPER).reinterpretAsFloats();
      FloatVector f = FloatVector.broadcast(SPECIES, ALL.get(FLOAT, x + at + 4));
      s00 = f.fma(w0, s00);
      s01 = f.fma(w1, s01);
      f = FloatVector.broadcast(SPECIES, ALL.get(FLOAT, x1 + at + 4));
      s10 = f.fma(w0, s10);
      s11 = f.fma(w1, s11);
      f = FloatVector.broadcast(SPECIES, ALL.get(FLOAT, x2 + at + 4));
      s20 = f.fma(w0, s20);
      s21 = f.fma(w1, s21);
      f = FloatVector.broadcast(SPECIES, ALL.get(FLOAT, x3 + at + 4));
      s30 = f.fma(w0, s30);
      s31 = f.fma(w1, s31);
      w0 = b0.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
      w1 = b1.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
      f = FloatVector.broadcast(SPECIES, ALL.get(FLOAT, x + at));
      s00 = f.fma(w0, s00);
      s01 = f.fma(w1, s01);
      f = FloatVector.broadcast(SPECIES, ALL.get(FLOAT, x1 + at));
      s10 = f.fma(w0, s10);
      s11 = f.fma(w1, s11);
      f = FloatVector.broadcast(SPECIES, ALL.get(FLOAT, x2 + at));
      s20 = f.fma(w0, s20);
      s21 = f.fma(w1, s21);
      f = FloatVector.broadcast(SPECIES, ALL.get(FLOAT, x3 + at));
      s30 = f.fma(w0, s30);
      s31 = f.fma(w1, s31);
      pair += PAIR;
    }
    s00.intoMemorySegment(ALL, sums, ORDER);
    s01.intoMemorySegment(ALL, sums + VECTOR, ORDER);
    s10.intoMemorySegment(ALL, sums + sumsRow, ORDER);
    s11.intoMemorySegment(ALL, sums + sumsRow + VECTOR, ORDER);
    s20.intoMemorySegment(ALL, sums + 2 * sumsRow, ORDER);
    s21.intoMemorySegment(ALL, sums + 2 * sumsRow + VECTOR, ORDER);
    s30.intoMemorySegment(ALL, sums + 3 * sumsRow, ORDER);
    s31.intoMemorySegment(ALL, sums + 3 * sumsRow + VECTOR, ORDER);
  }

  private static void eightRowsTwoVectors(
      long x, long xRow, long b, int pairs, long sums, long sumsRow) {
    FloatVector s00 = FloatVector.zero(SPECIES);
    FloatVector s01 = s00;
    FloatVector s10 = s00;
    FloatVector s11 = s00;
    FloatVector s20 = s00;
    FloatVector s21 = s00;
    FloatVector s30 = s00;
    FloatVector s31 = s00;
    FloatVector s40 = s00;
    FloatVector s41 = s00;
    FloatVector s50 = s00;
    FloatVector s51 = s00;
    FloatVector s60 = s00;
    FloatVector s61 = s00;
    FloatVector s70 = s00;
    FloatVector s71 = s00;
    long x1 = x + xRow;
    long x2 = x + 2 * xRow;
    long x3 = x + 3 * xRow;
    long x4 = x + 4 * xRow;
    long x5 = x + 5 * xRow;
    long x6 = x + 6 * xRow;
    long x7 = x + 7 * xRow;
    long pair = b;
    for (long at = 0; at < X_PAIR * pairs; at += X_PAIR) {
      IntVector b0 = IntVector.fromMemorySegment(INTS, ALL, pair, ORDER);
      IntVector b1 = IntVector.fromMemorySegment(INTS, ALL, pair + VECTOR, ORDER);
      FloatVector w0 = b0.and(UPPER).reinterpretAsFloats();
      FloatVector w1 = b1.and(UPPER).reinterpretAsFloats();
      FloatVector f = FloatVector.broadcast(SPECIES, ALL.get(FLOAT, x + at + 4));
      s00 = f.fma(w0, s00);
      s01 = f.fma(w1, s01);
      f = FloatVector.broadcast(SPECIES, ALL.get(FLOAT, x1 + at + 4));
      s10 = f.fma(w0, s10);
      s11 = f.fma(w1, s11);
      f = FloatVector.broadcast(SPECIES, ALL.get(FLOAT, x2 + at + 4));
      s20 = f.fma(w0, s20);
      s21 = f.fma(w1, s21);
      f = FloatVector.broadcast(SPECIES, ALL.get(FLOAT, x3 + at + 4));
      s30 = f.fma(w0, s30);
      s31 = f.fma(w1, s31);
      f = FloatVector.broadcast(SPECIES, ALL.get(FLOAT, x4 + at + 4));
      s40 = f.fma(w0, s40);
      s41 = f.fma(w1, s41);
      f = FloatVector.broadcast(SPECIES, ALL.get(FLOAT, x5 + at + 4));
      s50 = f.fma(w0, s50);
      s51 = f.fma(w1, s51);
      f = FloatVector.broadcast(SPECIES, ALL.get(FLOAT, x6 + at + 4));
      s60 = f.fma(w0, s60);
      s61 = f.fma(w1, s61);
      f = FloatVector.broadcast(SPECIES, ALL.get(FLOAT, x7 + at + 4));
      s70 = f.fma(w0, s70);
      s71 = f.fma(w1, s71);
      w0 = b0.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
      w1 = b1.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
      f = FloatVector.broadcast(SPECIES, ALL.get(FLOAT, x + at));
      s00 = f.fma(w0, s00);
      s01 = f.fma(w1, s01);
      f = FloatVector.broadcast(SPECIES, ALL.get(FLOAT, x1 + at));
      s10 = f.fma(w0, s10);
      s11 = f.fma(w1, s11);
      f = FloatVector.broadcast(SPECIES, ALL.get(FLOAT, x2 + at));
      s20 = f.fma(w0, s20);
      s21 = f.fma(w1, s21);
      f = FloatVector.broadcast(SPECIES, ALL.get(FLOAT, x3 + at));
      s30 = f.fma(w0, s30);
      s31 = f.fma(w1, s31);
      f = FloatVector.broadcast(SPECIES, ALL.get(FLOAT, x4 + at));
      s40 = f.fma(w0, s40);
      s41 = f.fma(w1, s41);
      f = FloatVector.broadcast(SPECIES, ALL.get(FLOAT, x5 + at));
      s50 = f.fma(w0, s50);
      s51 = f.fma(w1, s51);
      f = FloatVector.broadcast(SPECIES, ALL.get(FLOAT, x6 + at));
      s60 = f.fma(w0, s60);
      s61 = f.fma(w1, s61);
      f = FloatVector.broadcast(SPECIES, ALL.get(FLOAT, x7 + at));
      s70 = f.fma(w0, s70);
      s71 = f.fma(w1, s71);
      pair += PAIR;
    }
    s00.intoMemorySegment(ALL, sums, ORDER);
    s01.intoMemorySegment(ALL, sums + VECTOR, ORDER);
    s10.intoMemorySegment(ALL, sums + sumsRow, ORDER);
    s11.intoMemorySegment(ALL, sums + sumsRow + VECTOR, ORDER);
    s20.intoMemorySegment(ALL, sums + 2 * sumsRow, ORDER);
    s21.intoMemorySegment(ALL, sums + 2 * sumsRow + VECTOR, ORDER);
    s30.intoMemorySegment(ALL, sums + 3 * sumsRow, ORDER);
    s31.intoMemorySegment(ALL, sums + 3 * sumsRow + VECTOR, ORDER);
    s40.intoMemorySegment(ALL, sums + 4 * sumsRow, ORDER);
    s41.intoMemorySegment(ALL, sums + 4 * sumsRow + VECTOR, ORDER);
    s50.intoMemorySegment(ALL, sums + 5 * sumsRow, ORDER);
    s51.intoMemorySegment(ALL, sums + 5 * sumsRow + VECTOR, ORDER);
    s60.intoMemorySegment(ALL, sums + 6 * sumsRow, ORDER);
    s61.intoMemorySegment(ALL, sums + 6 * sumsRow + VECTOR, ORDER);
    s70.intoMemorySegment(ALL, sums + 7 * sumsRow, ORDER);
    s71.intoMemorySegment(ALL, sums + 7 * sumsRow + VECTOR, ORDER);
  }
}
