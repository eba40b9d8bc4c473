package io.whetstone.cpu;

import static io.whetstone.cpu.Memory.LANES;

import io.whetstone.tensor.Tensor;

/** Rows picked by index and added back by index; embedding is the same with token ids. */
final class Rows {
  /** Columns that one task of a scatter takes at least: a cache line is never shared. */
  private static final int COLUMN_BLOCK = 16;

  private final Workers workers;

  Rows(Workers workers) {
    this.workers = workers;
  }

  void gatherRows(Tensor x, int[] rows, Tensor y) {
    gather(x, rows, y);
  }

  void scatterAddRows(Tensor dy, int[] rows, Tensor dx) {
    scatterAdd(dy, rows, dx);
  }

  void embedding(int[] ids, Tensor table, Tensor y) {
    if (table.dtype().quantized()) {
      decode(table, ids, y);
    } else if (table.dtype() == y.dtype()) {
      gather(table, ids, y);
    } else {
      widen(table, ids, y);
    }
  }

  void embeddingBackward(int[] ids, Tensor dy, Tensor dTable) {
    scatterAdd(dy, ids, dTable);
  }

  private void gather(Tensor x, int[] rows, Tensor y) {
    long rowBytes = (long) x.columns() * x.dtype().bytes();
    long from = Memory.address(x);
    long to = Memory.address(y);
    Ranges.run(
        workers,
        rows.length,
        x.columns(),
        1,
        (first, last) -> {
          for (int r = first; r < last; r++) {
            Memory.copy(from + rows[r] * rowBytes, to + r * rowBytes, rowBytes);
          }
        });
  }

  private void widen(Tensor x, int[] rows, Tensor y) {
    int columns = x.columns();
    long from = Memory.address(x);
    long to = Memory.address(y);
    Ranges.run(
        workers,
        rows.length,
        columns,
        1,
        (first, last) -> {
          for (int r = first; r < last; r++) {
            Bfloat16.widen(from + 2L * columns * rows[r], to + 4L * columns * r, columns);
          }
        });
  }

  private void decode(Tensor x, int[] rows, Tensor y) {
    int columns = x.columns();
    long rowBytes = x.dtype().bytes(columns);
    long from = Memory.address(x);
    long to = Memory.address(y);
    Ranges.run(
        workers,
        rows.length,
        columns,
        1,
        (first, last) -> {
          for (int r = first; r < last; r++) {
            BlockRows.decode(x.dtype(), from + rowBytes * rows[r], to + 4L * columns * r, columns);
          }
        });
  }

  /** Parallel over columns, so that every element sees its addends in the order of r. */
  private void scatterAdd(Tensor dy, int[] rows, Tensor dx) {
    int columns = dx.columns();
    long from = Memory.address(dy);
    long to = Memory.address(dx);
    Ranges.run(
        workers,
        columns,
        rows.length,
        COLUMN_BLOCK,
        (first, last) -> {
          for (int r = 0; r < rows.length; r++) {
            long source = from + 4L * columns * r;
            long target = to + 4L * columns * rows[r];
            addColumns(source, target, first, last);
          }
        });
  }

  /** target[c] += source[c] for c in [first, last). */
  static void addColumns(long source, long target, int first, int last) {
    int c = first;
    for (; c <= last - LANES; c += LANES) {
      Memory.store(Memory.load(target + 4L * c).add(Memory.load(source + 4L * c)), target + 4L * c);
    }
    for (; c < last; c++) {
      Memory.set(target + 4L * c, Memory.get(target + 4L * c) + Memory.get(source + 4L * c));
    }
  }

  /** target[c] = source[c], for rows so short that a call of the library's copy would cost more. */
  static void copyColumns(long source, long target, int count) {
    int c = 0;
    for (; c <= count - LANES; c += LANES) {
      Memory.store(Memory.load(source + 4L * c), target + 4L * c);
    }
    for (; c < count; c++) {
      Memory.set(target + 4L * c, Memory.get(source + 4L * c));
    }
  }
}
