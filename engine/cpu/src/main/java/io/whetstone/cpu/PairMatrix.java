package io.whetstone.cpu;

import io.whetstone.tensor.DType;
import io.whetstone.tensor.Tensor;

/**
 * A matrix B [k, n] of bfloat16 numbers in blocks of 64 columns, and in a block in pairs: first the
 * elements (0, c) and (1, c) of its columns c one after the other, then (2, c) and (3, c), …; what
 * pads k to a multiple of 32 and n to one of 64 is 0.
 *
 * <p>This is the layout that oneDNN chooses ({@code BA16a64b2a}), so its products and {@link
 * PairProducts} can share one copy of a weight.
 */
final class PairMatrix {
  /** Columns of a block. */
  static final int COLUMNS = 64;

  private static final int ROWS = 32;

  private PairMatrix() {}

  static int blocks(int n) {
    return (n + COLUMNS - 1) / COLUMNS;
  }

  static long blockBytes(int k) {
    return 2L * COLUMNS * ((k + ROWS - 1) / ROWS * ROWS);
  }

  static long bytes(int k, int n) {
    return blockBytes(k) * blocks(n);
  }

  /**
   * Fills the matrix at {@code to}, rounding a F32 weight to nearest even.
   *
   * @param transposed whether B is Wᵀ, else W
   */
  static void pack(Workers workers, Tensor weight, boolean transposed, long to) {
    int k = transposed ? weight.columns() : weight.rows();
    int n = transposed ? weight.rows() : weight.columns();
    int width = weight.dtype().bytes();
    long rowStride = transposed ? width : (long) width * n;
    long columnStride = transposed ? (long) width * k : width;
    boolean rounded = weight.dtype() == DType.BF16;
    Ranges.run(
        workers,
        blocks(n),
        (long) k * COLUMNS,
        1,
        (first, last) -> {
          for (int block = first; block < last; block++) {
            long target = to + blockBytes(k) * block;
            Memory.zero(target, blockBytes(k));
            for (int c = 0; c < Math.min(COLUMNS, n - block * COLUMNS); c++) {
              long from = Memory.address(weight) + columnStride * (block * COLUMNS + c);
              for (int i = 0; i < k; i++) {
                long element = from + rowStride * i;
                long place = target + 4L * (i / 2 * COLUMNS + c) + 2 * (i % 2);
                Memory.setShort(
                    place,
                    rounded
                        ? Memory.getShort(element)
                        : Elementwise.toBfloat16(Memory.get(element)));
              }
            }
          }
        });
  }
}
