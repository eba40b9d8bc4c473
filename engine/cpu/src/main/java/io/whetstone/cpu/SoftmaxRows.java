package io.whetstone.cpu;

import static io.whetstone.cpu.Memory.LANES;
import static io.whetstone.cpu.Memory.SPECIES;

import io.whetstone.tensor.AttentionForm;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.FloatVector;

/**
 * Turns rows of products q·k into exp(s − max s) or into gradients, and keeps their sums; for one
 * thread.
 *
 * <p>A row's arithmetic, whatever stands beside it: s = factor · product, where capped products
 * have been capped and the factor is 1; exp(s − max s) with one rounding of the difference; Σ exp
 * by lanes position mod LANES, then a tree.
 */
final class SoftmaxRows {
  private final SoftmaxKernel kernel;
  private final Scratch scratch = new Scratch();
  private final long table;
  private final long numbers;
  private final long maxes;
  private final long totals;
  private final long inverses;
  private final long logs;

  /**
   * @param most rows
   */
  SoftmaxRows(int most, SoftmaxKernel kernel) {
    this.kernel = kernel;
    int rows = (most + LANES - 1) / LANES * LANES;
    maxes = scratch.reserve(4L * 4 * rows + 4L * LANES + SoftmaxKernel.RECORD * rows);
    totals = maxes + 4L * rows;
    inverses = totals + 4L * rows;
    logs = inverses + 4L * rows;
    numbers = logs + 4L * rows;
    table = numbers + 4L * LANES;
    // Those of rows that there are not are worked on too.
    Memory.zero(maxes, 4L * 4 * rows);
  }

  /**
   * Says what row i is: products at positions [origin, stop), both multiples of the number of
   * lanes, of which [first, end) are seen, at least one.
   *
   * @param row address of the product at position {@code origin}
   * @param slopes the same of what belongs to it for {@link #gradients}
   */
  void row(int i, long row, long slopes, int origin, int stop, int first, int end) {
    int from = first / LANES;
    int last = (end - 1) / LANES;
    long firstLanes = -1L << first % LANES;
    long lastLanes = (2L << (end - 1) % LANES) - 1;
    boolean one = from == last;
    set(i, SoftmaxKernel.ROW, row);
    set(i, SoftmaxKernel.SLOPES, slopes);
    set(i, SoftmaxKernel.BEFORE, from - origin / LANES);
    set(i, SoftmaxKernel.SEEN, last - from + 1);
    set(i, SoftmaxKernel.AFTER, stop / LANES - last - 1);
    set(i, SoftmaxKernel.FIRST, one ? firstLanes & lastLanes : firstLanes);
    set(i, SoftmaxKernel.LAST, one ? firstLanes & lastLanes : lastLanes);
    set(i, SoftmaxKernel.DISTANCE, 4L * LANES * (last - from));
  }

  /** Of the first {@code count} rows. */
  void softmax(AttentionForm form, int count) {
    // The largest product is the largest logit too, unless the scale turns their order round.
    boolean scaled = form.capped() || form.scale() <= 0;
    if (scaled) {
      for (int i = 0; i < count; i++) {
        long from = get(i, SoftmaxKernel.ROW) + 4L * LANES * get(i, SoftmaxKernel.BEFORE);
        scale(form, from, from + get(i, SoftmaxKernel.DISTANCE));
      }
    }
    Memory.set(numbers, scaled ? 1 : form.scale());
    kernel.exponentials(table, count, numbers, maxes, totals);
    for (int i = 0; i < count; i += LANES) {
      finish(4L * i);
    }
  }

  /**
   * p = exp(s − logSumExp) in place of the products, and scale · p · (d − mean) in place of d; of
   * the first {@code count} rows. Capped: times 1 − (s / cap)².
   *
   * @param logSumExp of each row
   * @param mean of each row
   */
  void gradients(AttentionForm form, int count, float[] logSumExp, float[] mean) {
    for (int i = 0; i < count; i++) {
      long record = table + SoftmaxKernel.RECORD * i;
      Memory.set(record + SoftmaxKernel.LOG, logSumExp[i]);
      Memory.set(record + SoftmaxKernel.LOG + 4, mean[i]);
      if (form.capped()) {
        long from = get(i, SoftmaxKernel.ROW) + 4L * LANES * get(i, SoftmaxKernel.BEFORE);
        scale(form, from, from + get(i, SoftmaxKernel.DISTANCE));
      }
    }
    float cap = form.softCap();
    Memory.set(numbers, form.capped() ? 1 : form.scale());
    Memory.set(numbers + 4, form.scale());
    Memory.set(numbers + 8, form.capped() ? -1 / (cap * cap) : 0);
    kernel.gradients(table, count, numbers);
  }

  /** 1 / Σ exp and log Σ exp of as many rows as there are lanes. */
  private void finish(long at) {
    FloatVector total =
        FloatVector.fromMemorySegment(SPECIES, Memory.ALL, totals + at, Memory.ORDER);
    FloatVector.broadcast(SPECIES, 1)
        .div(total)
        .intoMemorySegment(Memory.ALL, inverses + at, Memory.ORDER);
    VectorMath.log(total)
        .add(FloatVector.fromMemorySegment(SPECIES, Memory.ALL, maxes + at, Memory.ORDER))
        .intoMemorySegment(Memory.ALL, logs + at, Memory.ORDER);
  }

  /** 1 / Σ exp of a row. */
  float inverse(int row) {
    return Memory.get(inverses + 4L * row);
  }

  /** log Σ exp s of a row. */
  float logSumExp(int row) {
    return Memory.get(logs + 4L * row);
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
  private static void cap(float factor, float cap, long from, long last) {
    FloatVector factors = FloatVector.broadcast(SPECIES, factor);
    FloatVector caps = FloatVector.broadcast(SPECIES, cap);
    for (long at = from; at <= last; at += 4L * LANES) {
      VectorMath.tanh(
              FloatVector.fromMemorySegment(SPECIES, Memory.ALL, at, Memory.ORDER).mul(factors))
          .mul(caps)
          .intoMemorySegment(Memory.ALL, at, Memory.ORDER);
    }
  }

  private void set(int row, long field, long number) {
    long at = table + SoftmaxKernel.RECORD * row + field;
    Memory.ALL.set(ValueLayout.JAVA_LONG_UNALIGNED, at, number);
  }

  private long get(int row, long field) {
    return Memory.ALL.get(
        ValueLayout.JAVA_LONG_UNALIGNED, table + SoftmaxKernel.RECORD * row + field);
  }
}
