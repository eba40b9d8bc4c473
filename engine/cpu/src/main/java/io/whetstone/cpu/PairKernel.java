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
 * {@link PairRows} by the Vector API, for any width of vectors.
 *
 * <p>The loops use the Vector API's own methods wherever they can: the compiler always inlines
 * those, but stops to inline ours in methods as long as these, and then allocates every vector.
 */
final class PairKernel implements PairRows {
  private static final VectorSpecies<Integer> INTS = SPECIES.withLanes(int.class);
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;
  private static final long VECTOR = 4L * LANES;

  /** From a pair of a block to the next. */
  private static final long PAIR = 4L * PairMatrix.COLUMNS;

  /** From a pair of x to the next. */
  private static final long X_PAIR = 8;

  private static final int UPPER = 0xffff0000;
  private static final int FOUR = 4;

  @Override
  public int most() {
    return FOUR;
  }

  @Override
  public int factorBytes() {
    return Float.BYTES;
  }

  @Override
  public void part(
      int rows,
      long x,
      long xRow,
      long block,
      int pairs,
      long sums,
      boolean begins,
      boolean ahead) {
    if (begins) {
      Memory.zero(sums, SUMS_ROW * rows);
    }
    for (long column = 0; column < PAIR; column += 2 * VECTOR) {
      if (rows == FOUR) {
        fourRows(x, xRow, block + column, pairs, sums + column);
      } else {
        for (int r = 0; r < rows; r++) {
          oneRow(x + xRow * r, block + column, pairs, sums + SUMS_ROW * r + column);
        }
      }
    }
  }

  private static void oneRow(long x, long b, int pairs, long sums) {
    FloatVector s0 = FloatVector.fromMemorySegment(SPECIES, ALL, sums, ORDER);
    FloatVector s1 = FloatVector.fromMemorySegment(SPECIES, ALL, sums + VECTOR, ORDER);
    long pair = b;
    for (long at = 0; at < X_PAIR * pairs; at += X_PAIR) {
      IntVector b0 = IntVector.fromMemorySegment(INTS, ALL, pair, ORDER);
      IntVector b1 = IntVector.fromMemorySegment(INTS, ALL, pair + VECTOR, ORDER);
      FloatVector odd = FloatVector.broadcast(SPECIES, ALL.get(FLOAT, x + at + 4));
      s0 = odd.fma(b0.and(UPPER).reinterpretAsFloats(), s0);
      s1 = odd.fma(b1.and(UPPER).reinterpretAsFloats(), s1);
      FloatVector even = FloatVector.broadcast(SPECIES, ALL.get(FLOAT, x + at));
      s0 = even.fma(b0.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats(), s0);
      s1 = even.fma(b1.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats(), s1);
      pair += PAIR;
    }
    s0.intoMemorySegment(ALL, sums, ORDER);
    s1.intoMemorySegment(ALL, sums + VECTOR, ORDER);
  }

  private static void fourRows(long x, long xRow, long b, int pairs, long sums) {
    FloatVector s00 = FloatVector.fromMemorySegment(SPECIES, ALL, sums, ORDER);
    FloatVector s01 = FloatVector.fromMemorySegment(SPECIES, ALL, sums + VECTOR, ORDER);
    FloatVector s10 = FloatVector.fromMemorySegment(SPECIES, ALL, sums + SUMS_ROW, ORDER);
    FloatVector s11 = FloatVector.fromMemorySegment(SPECIES, ALL, sums + SUMS_ROW + VECTOR, ORDER);
    FloatVector s20 = FloatVector.fromMemorySegment(SPECIES, ALL, sums + 2 * SUMS_ROW, ORDER);
    FloatVector s21 =
        FloatVector.fromMemorySegment(SPECIES, ALL, sums + 2 * SUMS_ROW + VECTOR, ORDER);
    FloatVector s30 = FloatVector.fromMemorySegment(SPECIES, ALL, sums + 3 * SUMS_ROW, ORDER);
    FloatVector s31 =
        FloatVector.fromMemorySegment(SPECIES, ALL, sums + 3 * SUMS_ROW + VECTOR, ORDER);
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
    s10.intoMemorySegment(ALL, sums + SUMS_ROW, ORDER);
    s11.intoMemorySegment(ALL, sums + SUMS_ROW + VECTOR, ORDER);
    s20.intoMemorySegment(ALL, sums + 2 * SUMS_ROW, ORDER);
    s21.intoMemorySegment(ALL, sums + 2 * SUMS_ROW + VECTOR, ORDER);
    s30.intoMemorySegment(ALL, sums + 3 * SUMS_ROW, ORDER);
    s31.intoMemorySegment(ALL, sums + 3 * SUMS_ROW + VECTOR, ORDER);
  }
}
