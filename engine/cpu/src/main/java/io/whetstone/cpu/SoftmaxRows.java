package io.whetstone.cpu;

import static io.whetstone.cpu.Memory.LANES;
import static io.whetstone.cpu.Memory.SPECIES;

import io.whetstone.tensor.AttentionForm;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Turns rows of products q·k into exp(s − max s), and keeps their sums; for one thread.
 *
 * <p>A row's arithmetic, whatever stands beside it: s = factor · product, where capped products
 * have been capped and the factor is 1; exp(s − max s) with one rounding of the difference; Σ exp
 * by lanes position mod LANES, then a tree. The loops go over the rows one after another, as each
 * row by itself is a long chain of dependences.
 */
final class SoftmaxRows {
  private final float[] maxes;
  private final float[] lanes;
  private final float[] totals;
  private final float[] inverses;
  private final float[] logs;

  /**
   * @param rows at most, a multiple of the number of lanes
   */
  SoftmaxRows(int rows) {
    maxes = new float[rows];
    lanes = new float[rows * LANES];
    totals = new float[rows];
    inverses = new float[rows];
    logs = new float[rows];
  }

  /**
   * Works on {@code count} rows, {@code step} bytes apart. Row i's products at positions [first[i],
   * end[i]) count; those that share a vector with them come out as next to nothing.
   *
   * @param scores address of row 0 at position {@code origin}, a multiple of the number of lanes
   */
  void softmax(
      AttentionForm form, int count, long scores, long step, int origin, int[] first, int[] end) {
    // The largest product is the largest logit too, unless the scale turns their order round.
    boolean scaled = form.capped() || form.scale() <= 0;
    float factor = scaled ? 1 : form.scale();
    for (int i = 0; i < count; i++) {
      long row = scores + step * i;
      long from = row + 4L * (first[i] / LANES * LANES - origin);
      long last = row + 4L * ((end[i] - 1) / LANES * LANES - origin);
      if (scaled) {
        scale(form, from, last);
      }
      hide(from, first[i] % LANES, last, (end[i] - 1) % LANES + 1);
      maxes[i] = factor * max(from, last);
    }
    for (int i = 0; i < count; i++) {
      long row = scores + step * i;
      long from = row + 4L * (first[i] / LANES * LANES - origin);
      long last = row + 4L * ((end[i] - 1) / LANES * LANES - origin);
      exponentials(i, factor, from, last);
    }
    sum(count);
    for (int i = 0; i < count; i += LANES) {
      invert(i);
      takeLogs(i);
    }
  }

  private void sum(int count) {
    for (int i = 0; i < count; i++) {
      totals[i] = VectorMath.sum(FloatVector.fromArray(SPECIES, lanes, LANES * i));
    }
  }

  /** Of as many rows as there are lanes. */
  private void invert(int i) {
    FloatVector total = FloatVector.fromArray(SPECIES, totals, i);
    FloatVector.broadcast(SPECIES, 1).div(total).intoArray(inverses, i);
  }

  /** Of as many rows as there are lanes. */
  private void takeLogs(int i) {
    FloatVector log = VectorMath.log(FloatVector.fromArray(SPECIES, totals, i));
    log.add(FloatVector.fromArray(SPECIES, maxes, i)).intoArray(logs, i);
  }

  /** 1 / Σ exp of a row. */
  float inverse(int row) {
    return inverses[row];
  }

  /** log Σ exp s of a row. */
  float logSumExp(int row) {
    return logs[row];
  }

  private static void scale(AttentionForm form, long from, long last) {
    if (form.capped()) {
      cap(form.scale() / form.softCap(), form.softCap(), from, last);
    } else {
      FloatVector scale = FloatVector.broadcast(SPECIES, form.scale());
      for (long at = from; at <= last; at += 4L * LANES) {
        FloatVector.fromMemorySegment(SPECIES, Memory.ALL, at, Memory.ORDER)
            .mul(scale)
            .intoMemorySegment(Memory.ALL, at, Memory.ORDER);
      }
    }
  }

  /** cap · tanh(factor · product). */
  static void cap(float factor, float cap, long from, long last) {
    FloatVector factors = FloatVector.broadcast(SPECIES, factor);
    FloatVector caps = FloatVector.broadcast(SPECIES, cap);
    for (long at = from; at <= last; at += 4L * LANES) {
      VectorMath.tanh(
              FloatVector.fromMemorySegment(SPECIES, Memory.ALL, at, Memory.ORDER).mul(factors))
          .mul(caps)
          .intoMemorySegment(Memory.ALL, at, Memory.ORDER);
    }
  }

  /** A score of −∞ adds less to a sum than its last bit, so that no later loop needs a mask. */
  private static void hide(long from, int before, long last, int after) {
    FloatVector lowest = FloatVector.broadcast(SPECIES, Float.NEGATIVE_INFINITY);
    if (before > 0) {
      lowest
          .blend(
              FloatVector.fromMemorySegment(SPECIES, Memory.ALL, from, Memory.ORDER),
              VectorMath.lanesFrom(before))
          .intoMemorySegment(Memory.ALL, from, Memory.ORDER);
    }
    if (after < LANES) {
      FloatVector.fromMemorySegment(SPECIES, Memory.ALL, last, Memory.ORDER)
          .blend(lowest, VectorMath.lanesFrom(after))
          .intoMemorySegment(Memory.ALL, last, Memory.ORDER);
    }
  }

  private static float max(long from, long last) {
    FloatVector most = FloatVector.fromMemorySegment(SPECIES, Memory.ALL, last, Memory.ORDER);
    for (long at = from; at < last; at += 4L * LANES) {
      FloatVector next = FloatVector.fromMemorySegment(SPECIES, Memory.ALL, at, Memory.ORDER);
      most = most.blend(next, next.compare(VectorOperators.GT, most));
    }
    return VectorMath.max(most);
  }

  private void exponentials(int i, float factor, long from, long last) {
    FloatVector factors = FloatVector.broadcast(SPECIES, factor);
    FloatVector shift = FloatVector.broadcast(SPECIES, -maxes[i]);
    FloatVector sum = FloatVector.zero(SPECIES);
    for (long at = from; at <= last; at += 4L * LANES) {
      FloatVector p =
          VectorMath.expOfNegative(
              FloatVector.fromMemorySegment(SPECIES, Memory.ALL, at, Memory.ORDER)
                  .fma(factors, shift));
      p.intoMemorySegment(Memory.ALL, at, Memory.ORDER);
      sum = sum.add(p);
    }
    sum.intoArray(lanes, LANES * i);
  }
}
