package io.whetstone.cpu;

import io.whetstone.tensor.DType;
import io.whetstone.tensor.Dropout;
import io.whetstone.tensor.Tensor;

/** Kernels on a block of a matrix's columns, and dropout: what adapters need beside products. */
final class Columns {
  private final Workers workers;
  private final ThreadLocal<Scratch> scratch = ThreadLocal.withInitial(Scratch::new);

  Columns(Workers workers) {
    this.workers = workers;
  }

  void add(Tensor x, Tensor y, int from) {
    int count = x.columns();
    DType type = y.dtype();
    long rowBytes = (long) type.bytes() * y.columns();
    long source = Memory.address(x);
    long target = Memory.address(y) + (long) type.bytes() * from;
    Ranges.run(
        workers,
        y.rows(),
        count,
        1,
        (first, last) -> {
          long work = scratch.get().reserve(4L * count);
          for (int r = first; r < last; r++) {
            long row = target + rowBytes * r;
            long sums = Bfloat16.floats(type, row, count, work);
            Rows.addColumns(source + 4L * count * r, sums, 0, count);
            Bfloat16.settle(type, row, count, work);
          }
        });
  }

  void take(Tensor x, int from, Tensor y) {
    int count = y.columns();
    int bytes = x.dtype().bytes();
    long rowBytes = (long) bytes * x.columns();
    long source = Memory.address(x) + (long) bytes * from;
    long target = Memory.address(y);
    Ranges.run(
        workers,
        y.rows(),
        count,
        1,
        (first, last) -> {
          for (int r = first; r < last; r++) {
            Memory.copy(
                source + rowBytes * r, target + (long) bytes * count * r, (long) bytes * count);
          }
        });
  }

  void dropout(Tensor x, double rate, long[] rowKeys, Tensor y) {
    int count = x.columns();
    int threshold = Dropout.threshold(rate);
    float factor = (float) (1 / (1 - rate));
    DType type = x.dtype();
    long rowBytes = (long) type.bytes() * count;
    Ranges.run(
        workers,
        rowKeys.length,
        16L * count,
        1,
        (first, last) -> {
          long work = scratch.get().reserve(4L * count);
          for (int r = first; r < last; r++) {
            long from = Bfloat16.floats(type, Memory.address(x) + rowBytes * r, count, work);
            long row = Memory.address(y) + rowBytes * r;
            long to = Bfloat16.target(type, row, work);
            thin(from, to, count, rowKeys[r], threshold, factor);
            Bfloat16.settle(type, row, count, work);
          }
        });
  }

  private static void thin(
      long from, long to, int count, long rowKey, int threshold, float factor) {
    for (int c = 0; c < count; c += Dropout.COLUMNS) {
      int[] words = Dropout.words(rowKey, c / Dropout.COLUMNS);
      for (int i = 0; i < Math.min(Dropout.COLUMNS, count - c); i++) {
        boolean kept = Integer.compareUnsigned(words[i], threshold) >= 0;
        long at = 4L * (c + i);
        Memory.set(to + at, kept ? Memory.get(from + at) * factor : 0);
      }
    }
  }
}
