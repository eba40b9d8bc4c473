package io.whetstone.cuda;

import io.whetstone.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Looks whether a row of a product has the same bits alone as among others, and some of its outputs
 * as all of them, with the weight itself and made-up rows: what the library does is not promised,
 * so it is tried for each shape.
 */
final class RowCheck {
  private static final int ROWS = 512;

  /** Rows begin on such a boundary. */
  private static final int ALIGNMENT = 16;

  /** Outputs of a forward product that are looked at: they are computed each by itself. */
  private static final int MOST_OUTPUTS = 1024;

  /** Parts of them begin at multiples of it, so that their rows are aligned as the whole's are. */
  private static final int PART_MULTIPLE = 64;

  /** Runs of rows: the first one, how many. */
  private static final int[][] RUNS = {{0, 1}, {511, 1}, {100, 7}, {37, 64}, {200, 129}};

  private final Gpu gpu;
  private final RowProduct product;
  private final int outs;
  private final long w;

  /**
   * @param out the weight's outputs
   * @param w the address of its first rows
   */
  RowCheck(Gpu gpu, RowProduct product, int out, long w) {
    this.gpu = gpu;
    this.product = product;
    this.outs = product.input() ? out : Math.min(out, MOST_OUTPUTS);
    this.w = w;
  }

  /** Whether every run of rows has the bits that it has among all. */
  boolean passes() {
    int wide = product.wide(outs);
    long xBytes = (long) product.type().bytes() * wide;
    long yBytes = (long) product.result().bytes() * product.high(outs);
    long bytes = (xBytes + 2 * yBytes) * ROWS + 2 * ALIGNMENT;
    try (Arena arena = Arena.ofConfined();
        DeviceMemory.Block block = gpu.memory().allocate(bytes, "self-check of products")) {
      long x = block.address();
      long all = aligned(x + xBytes * ROWS);
      long some = aligned(all + yBytes * ROWS);
      gpu.queue().copyToDevice(this::makeUp, x, xBytes * ROWS, Long.BYTES);
      product.run(w, outs, x, wide, ROWS, all, product.high(outs), false);
      MemorySegment expected = arena.allocate(yBytes * ROWS);
      gpu.queue().copyToHost(all, expected);
      int part = product.input() ? 0 : outs / 2 / PART_MULTIPLE * PART_MULTIPLE;
      for (int[] run : RUNS) {
        long from = x + xBytes * run[0];
        MemorySegment own = expected.asSlice(yBytes * run[0], yBytes * run[1]);
        if (!same(0, from, run[1], some, own)
            || (part > 0 && run[1] > 1 && !same(part, from, run[1], some, own))) {
          return false;
        }
      }
    }
    return true;
  }

  /** Whether rows have the expected bits in the outputs from {@code first} on. */
  private boolean same(int first, long x, int rows, long y, MemorySegment expected) {
    int wide = product.wide(outs);
    int high = product.high(outs - first);
    long weights = w + (long) product.type().bytes() * wide * first;
    product.run(weights, outs - first, x, wide, rows, y, high, false);
    byte[] got = new byte[product.result().bytes() * high * rows];
    gpu.queue().copyToHost(y, MemorySegment.ofArray(got));
    long bytes = (long) product.result().bytes() * high;
    long stride = expected.byteSize() / rows;
    for (int r = 0; r < rows; r++) {
      MemorySegment row = expected.asSlice(stride * (r + 1) - bytes, bytes);
      if (row.mismatch(MemorySegment.ofArray(got).asSlice(bytes * r, bytes)) >= 0) {
        return false;
      }
    }
    return true;
  }

  private static long aligned(long address) {
    return (address + ALIGNMENT - 1) & -ALIGNMENT;
  }

  /** Numbers in (−1, 1), whose mantissas are full. */
  private void makeUp(long at, MemorySegment to) {
    boolean half = product.type() == DType.BF16;
    int bytes = product.type().bytes();
    for (long i = 0; i < to.byteSize() / bytes; i++) {
      long mixed = (at / bytes + i + 1) * 0x9e3779b97f4a7c15L;
      mixed = (mixed ^ mixed >>> 29) * 0xbf58476d1ce4e5b9L;
      float number = (mixed >> 32) * 0x1p-31f;
      if (half) {
        to.setAtIndex(ValueLayout.JAVA_SHORT, i, Bfloat16.round(number));
      } else {
        to.setAtIndex(ValueLayout.JAVA_FLOAT, i, number);
      }
    }
  }
}
