package io.whetstone.cpu;

import static io.whetstone.cpu.Memory.LANES;
import static io.whetstone.cpu.Memory.SPECIES;

import io.whetstone.tensor.AttentionForm;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Turns rows of products q·k into exp(s − max s), and keeps their sums; for one thread.
 *
 * <p>A row's arithmetic, whatever stands beside it: s = scale · product, capped where the form says
 * so; Σ exp by lanes position mod LANES, then a tree. The loops go over the rows one after another,
 * as each row by itself is a long chain of dependences.
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
   * end[i]) count; those that share a vector with them are set to 0.
   *
   * @param scores address of row 0 at position {@code origin}, a multiple of the number of lanes
   */
  void softmax(
      AttentionForm form, int count, long scores, long step, int origin, int[] first, int[] end) {
    for (int i = 0; i < count; i++) {
      long row = scores + step * i;
      long from = row + 4L * (first[i] / LANES * LANES - origin);
      long last = row + 4L * ((end[i] - 1) / LANES * LANES - origin);
      scale(form, from, last);
      hide(from, first[i] % LANES, last, (end[i] - 1) % LANES + 1);
      maxes[i] = max(from, last);
    }
    for (int i = 0; i < count; i++) {
      long row = scores + step * i;
      long from = row + 4L * (first[i] / LANES * LANES - origin);
      long last = row + 4L * ((end[i] - 1) / LANES * LANES - origin);
      exponentials(i, from, last);
    }
    for (int i = 0; i < count; i++) {
      totals[i] = VectorMath.sum(FloatVector.fromArray(SPECIES, lanes, LANES * i));
    }
    for (int i = 0; i < count; i += LANES) {
      FloatVector total = FloatVector.fromArray(SPECIES, totals, i);
      FloatVector.broadcast(SPECIES, 1).div(total).intoArray(inverses, i);
      VectorMath.log(total).add(FloatVector.fromArray(SPECIES, maxes, i)).intoArray(logs, i);
    }
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
        Memory.store(Memory.load(at).mul(scale), at);
      }
    }
  }

  /** cap · tanh(factor · product). */
  static void cap(float factor, float cap, long from, long last) {
    FloatVector factors = FloatVector.broadcast(SPECIES, factor);
    FloatVector caps = FloatVector.broadcast(SPECIES, cap);
    for (long at = from; at <= last; at += 4L * LANES) {
      Memory.store(VectorMath.tanh(Memory.load(at).mul(factors)).mul(caps), at);
    }
  }

  /** A score of −∞ weighs exactly 0, so that no later loop needs a mask. */
  private static void hide(long from, int before, long last, int after) {
    FloatVector lowest = FloatVector.broadcast(SPECIES, Float.NEGATIVE_INFINITY);
    if (before > 0) {
      Memory.store(lowest.blend(Memory.load(from), VectorMath.lanesFrom(before)), from);
    }
    if (after < LANES) {
      Memory.store(Memory.load(last).blend(lowest, VectorMath.lanesFrom(after)), last);
    }
  }

  private static float max(long from, long last) {
    FloatVector most = Memory.load(last);
    for (long at = from; at < last; at += 4L * LANES) {
      FloatVector next = Memory.load(at);
      most = most.blend(next, next.compare(VectorOperators.GT, most));
    }
    return VectorMath.max(most);
  }

  private void exponentials(int i, long from, long last) {
    FloatVector max = FloatVector.broadcast(SPECIES, maxes[i]);
    FloatVector sum = FloatVector.zero(SPECIES);
    for (long at = from; at <= last; at += 4L * LANES) {
      FloatVector p = VectorMath.exp(Memory.load(at).sub(max));
      Memory.store(p, at);
      sum = sum.add(p);
    }
    sum.intoArray(lanes, LANES * i);
  }
}
