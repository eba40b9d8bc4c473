package io.whetstone.cpu;

import static io.whetstone.cpu.Memory.ALL;
import static io.whetstone.cpu.Memory.LANES;
import static io.whetstone.cpu.Memory.ORDER;
import static io.whetstone.cpu.Memory.SPECIES;

import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.FloatVector;

/**
 * {@link FloatTiles} by the Vector API, for any width of vectors.
 *
 * <p>Memory is reached directly: {@link Memory}'s methods are not inlined where they are called
 * seldom, as behind these loops, and what they are given is then boxed.
 */
final class FloatVectors implements FloatTiles {
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;
  private static final int TOGETHER = 4;

  @Override
  public void multiply(
      int rows,
      int blocks,
      long a,
      long aRow,
      long aStep,
      long b,
      long bStep,
      long bBlock,
      int k,
      long c,
      long cRow,
      Sum sum) {
    int vectors = blocks * COLUMNS / LANES;
    for (int v = 0; v < vectors; v += 2) {
      // An odd one is computed twice, and fewer than four rows in place of those that are missing.
      int w = Math.min(v + 1, vectors - 1);
      long left = b + column(v, bBlock);
      long right = b + column(w, bBlock);
      for (int r = 0; r < rows; r += TOGETHER) {
        int second = Math.min(r + 1, rows - 1);
        int third = Math.min(r + 2, rows - 1);
        int fourth = Math.min(r + 3, rows - 1);
        four(
            a + aRow * r,
            a + aRow * second,
            a + aRow * third,
            a + aRow * fourth,
            aStep,
            left,
            right,
            bStep,
            k,
            c + cRow * r + 4L * LANES * v,
            c + cRow * second + 4L * LANES * v,
            c + cRow * third + 4L * LANES * v,
            c + cRow * fourth + 4L * LANES * v,
            4L * LANES * (w - v),
            sum);
      }
    }
  }

  private static long column(int vector, long block) {
    int column = vector * LANES;
    return block * (column / COLUMNS) + 4L * (column % COLUMNS);
  }

  private static void four(
      long x0,
      long x1,
      long x2,
      long x3,
      long xStep,
      long left,
      long right,
      long step,
      int k,
      long c0,
      long c1,
      long c2,
      long c3,
      long next,
      Sum sum) {
    FloatVector zero = FloatVector.zero(SPECIES);
    boolean adds = sum == Sum.CONTINUED;
    FloatVector a0 = adds ? FloatVector.fromMemorySegment(SPECIES, ALL, c0, ORDER) : zero;
    FloatVector b0 = adds ? FloatVector.fromMemorySegment(SPECIES, ALL, c0 + next, ORDER) : zero;
    FloatVector a1 = adds ? FloatVector.fromMemorySegment(SPECIES, ALL, c1, ORDER) : zero;
    FloatVector b1 = adds ? FloatVector.fromMemorySegment(SPECIES, ALL, c1 + next, ORDER) : zero;
    FloatVector a2 = adds ? FloatVector.fromMemorySegment(SPECIES, ALL, c2, ORDER) : zero;
    FloatVector b2 = adds ? FloatVector.fromMemorySegment(SPECIES, ALL, c2 + next, ORDER) : zero;
    FloatVector a3 = adds ? FloatVector.fromMemorySegment(SPECIES, ALL, c3, ORDER) : zero;
    FloatVector b3 = adds ? FloatVector.fromMemorySegment(SPECIES, ALL, c3 + next, ORDER) : zero;
    for (int i = 0; i < k; i++) {
      FloatVector a = FloatVector.fromMemorySegment(SPECIES, ALL, left + step * i, ORDER);
      FloatVector b = FloatVector.fromMemorySegment(SPECIES, ALL, right + step * i, ORDER);
      long at = xStep * i;
      FloatVector x = FloatVector.broadcast(SPECIES, ALL.get(FLOAT, x0 + at));
      a0 = x.fma(a, a0);
      b0 = x.fma(b, b0);
      x = FloatVector.broadcast(SPECIES, ALL.get(FLOAT, x1 + at));
      a1 = x.fma(a, a1);
      b1 = x.fma(b, b1);
      x = FloatVector.broadcast(SPECIES, ALL.get(FLOAT, x2 + at));
      a2 = x.fma(a, a2);
      b2 = x.fma(b, b2);
      x = FloatVector.broadcast(SPECIES, ALL.get(FLOAT, x3 + at));
      a3 = x.fma(a, a3);
      b3 = x.fma(b, b3);
    }
    // All is read before any is written, since one row may stand in for another.
    a0 = total(a0, c0, sum);
    a1 = total(a1, c1, sum);
    a2 = total(a2, c2, sum);
    a3 = total(a3, c3, sum);
    b0 = total(b0, c0 + next, sum);
    b1 = total(b1, c1 + next, sum);
    b2 = total(b2, c2 + next, sum);
    b3 = total(b3, c3 + next, sum);
    a0.intoMemorySegment(ALL, c0, ORDER);
    a1.intoMemorySegment(ALL, c1, ORDER);
    a2.intoMemorySegment(ALL, c2, ORDER);
    a3.intoMemorySegment(ALL, c3, ORDER);
    b0.intoMemorySegment(ALL, c0 + next, ORDER);
    b1.intoMemorySegment(ALL, c1 + next, ORDER);
    b2.intoMemorySegment(ALL, c2 + next, ORDER);
    b3.intoMemorySegment(ALL, c3 + next, ORDER);
  }

  private static FloatVector total(FloatVector chain, long c, Sum sum) {
    return sum == Sum.ADDED
        ? FloatVector.fromMemorySegment(SPECIES, ALL, c, ORDER).add(chain)
        : chain;
  }

  @Override
  public void transpose(long from, long fromRow, int size, long to) {
    for (int r = 0; r < COLUMNS; r++) {
      for (int d = 0; d < size; d++) {
        Memory.set(to + 4L * (COLUMNS * d + r), Memory.get(from + fromRow * r + 4L * d));
      }
    }
  }
}
