package io.whetstone.cpu;

import static io.whetstone.cpu.Memory.ALL;
import static io.whetstone.cpu.Memory.LANES;
import static io.whetstone.cpu.Memory.ORDER;
import static io.whetstone.cpu.Memory.SPECIES;

import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/** {@link SoftmaxKernel} by the Vector API, for any width of vectors. */
final class SoftmaxVectors implements SoftmaxKernel {
  private static final long VECTOR = 4L * LANES;

  @Override
  public void exponentials(long table, int rows, long numbers, long maxes, long totals) {
    float factor = Memory.get(numbers);
    for (int i = 0; i < rows; i++) {
      long record = table + RECORD * i;
      long from = number(record + ROW) + VECTOR * number(record + BEFORE);
      long last = from + number(record + DISTANCE);
      set(from, ~number(record + FIRST), Float.NEGATIVE_INFINITY);
      set(last, ~number(record + LAST), Float.NEGATIVE_INFINITY);
      float max = factor * max(from, last);
      Memory.set(maxes + 4L * i, max);
      Memory.set(totals + 4L * i, exponentials(factor, max, from, last));
      hide(record, number(record + ROW));
    }
  }

  private static float max(long from, long last) {
    FloatVector most = FloatVector.fromMemorySegment(SPECIES, ALL, last, ORDER);
    for (long at = from; at < last; at += VECTOR) {
      FloatVector next = FloatVector.fromMemorySegment(SPECIES, ALL, at, ORDER);
      most = most.blend(next, next.compare(VectorOperators.GT, most));
    }
    return VectorMath.max(most);
  }

  private static float exponentials(float factor, float max, long from, long last) {
    FloatVector factors = FloatVector.broadcast(SPECIES, factor);
    FloatVector shift = FloatVector.broadcast(SPECIES, -max);
    FloatVector sum = FloatVector.zero(SPECIES);
    for (long at = from; at <= last; at += VECTOR) {
      FloatVector p =
          VectorMath.expOfNegative(
              FloatVector.fromMemorySegment(SPECIES, ALL, at, ORDER).fma(factors, shift));
      p.intoMemorySegment(ALL, at, ORDER);
      sum = sum.add(p);
    }
    return VectorMath.sum(sum);
  }

  @Override
  public void gradients(long table, int rows, long numbers) {
    float factor = Memory.get(numbers);
    float scale = Memory.get(numbers + 4);
    float bend = Memory.get(numbers + 8);
    for (int i = 0; i < rows; i++) {
      long record = table + RECORD * i;
      long before = VECTOR * number(record + BEFORE);
      gradients(
          number(record + ROW) + before,
          number(record + SLOPES) + before,
          number(record + DISTANCE),
          factor,
          scale,
          bend,
          Memory.get(record + LOG),
          Memory.get(record + LOG + 4));
      hide(record, number(record + ROW));
      hide(record, number(record + SLOPES));
    }
  }

  private static void gradients(
      long ps,
      long ds,
      long distance,
      float factor,
      float scale,
      float bend,
      float log,
      float mean) {
    FloatVector factors = FloatVector.broadcast(SPECIES, factor);
    FloatVector scales = FloatVector.broadcast(SPECIES, scale);
    FloatVector bends = FloatVector.broadcast(SPECIES, bend);
    FloatVector logs = FloatVector.broadcast(SPECIES, log);
    FloatVector means = FloatVector.broadcast(SPECIES, mean);
    for (long at = 0; at <= distance; at += VECTOR) {
      FloatVector s = FloatVector.fromMemorySegment(SPECIES, ALL, ps + at, ORDER).mul(factors);
      FloatVector weight = VectorMath.expOfNegative(s.sub(logs));
      FloatVector slope =
          FloatVector.fromMemorySegment(SPECIES, ALL, ds + at, ORDER)
              .sub(means)
              .mul(weight)
              .mul(scales);
      FloatVector flat = s.mul(s).fma(bends, FloatVector.broadcast(SPECIES, 1));
      weight.intoMemorySegment(ALL, ps + at, ORDER);
      slope.mul(flat).intoMemorySegment(ALL, ds + at, ORDER);
    }
  }

  /** Zeroes what is not seen of a row. */
  private static void hide(long record, long row) {
    long from = row + VECTOR * number(record + BEFORE);
    long last = from + number(record + DISTANCE);
    Memory.zeroFloats(row, (int) (from - row) / 4);
    Memory.zeroFloats(last + VECTOR, LANES * (int) number(record + AFTER));
    set(from, ~number(record + FIRST), 0);
    set(last, ~number(record + LAST), 0);
  }

  /** Sets the lanes that are marked. */
  private static void set(long vector, long lanes, float value) {
    for (int lane = 0; lane < LANES; lane++) {
      if ((lanes >> lane & 1) != 0) {
        Memory.set(vector + 4L * lane, value);
      }
    }
  }

  private static long number(long address) {
    return ALL.get(ValueLayout.JAVA_LONG_UNALIGNED, address);
  }
}
