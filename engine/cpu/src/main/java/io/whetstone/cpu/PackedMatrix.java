package io.whetstone.cpu;

import java.util.Arrays;

/**
 * The B of products C = A B, packed by oneDNN in panels of columns.
 *
 * <p>How columns are cut depends on the shape alone, so it cannot make bits depend on the number of
 * threads; how rows are cut may depend on it, since a row's bits do not depend on its neighbours.
 */
final class PackedMatrix {
  /** Multiply-adds that are worth a task of their own: some microseconds of work. */
  private static final long WORTHWHILE = 1 << 18;

  private static final int MOST_ROWS = 512;

  private final DnnlGemm gemm;
  private final int k;
  private final int n;
  private final long master;
  private final long rowStride;
  private final long columnStride;
  private final int panels;
  private final PanelProducts[] products;
  private final long[] packed;
  private final Allocation memory;
  private boolean stale = true;

  /**
   * @param master where B's element (0, 0) lies; (i, j) lies i · rowStride + j · columnStride
   *     elements further
   */
  PackedMatrix(DnnlGemm gemm, int k, int n, long master, long rowStride, long columnStride) {
    this.gemm = gemm;
    this.k = k;
    this.n = n;
    this.master = master;
    this.rowStride = rowStride;
    this.columnStride = columnStride;
    this.panels = panels(n);
    this.products = new PanelProducts[panels];
    this.packed = new long[panels];
    long bytes = 0;
    for (int p = 0; p < panels; p++) {
      products[p] = gemm.products(k, column(p + 1) - column(p), n);
      packed[p] = bytes;
      long panelBytes = gemm.bytes(products[p].layout());
      bytes += (panelBytes + Allocation.ALIGNMENT - 1) & -Allocation.ALIGNMENT;
    }
    memory = new Allocation(bytes, "a packed weight of " + k + " × " + n);
    for (int p = 0; p < panels; p++) {
      packed[p] += memory.address();
    }
  }

  boolean usable() {
    return Arrays.stream(products).allMatch(product -> product.usable(gemm.slot(0)));
  }

  /** The master has changed; it is packed again when it is next needed. */
  void refresh() {
    stale = true;
  }

  /** C = A B or C += A B: A [rows, k], C [rows, n]. */
  void multiply(long a, int rows, long c, boolean accumulate) {
    if (stale) {
      pack();
      stale = false;
    }
    if (rows == 0) {
      return;
    }
    int threads = threads((long) rows * k * n, gemm);
    int pieces = pieces(rows, threads);
    int step = (rows + pieces - 1) / pieces;
    // Whole multiples of the larger sizes keep the number of calls low.
    int rounded = step > 64 ? (step + 63) / 64 * 64 : step > 8 ? (step + 7) / 8 * 8 : step;
    int count = (rows + rounded - 1) / rounded;
    gemm.run(
        count * panels,
        threads,
        (slot, task) -> {
          int p = task % panels;
          int from = task / panels * rounded;
          int to = Math.min(from + rounded, rows);
          long first = a + 4L * k * from;
          long target = c + 4 * ((long) n * from + column(p));
          products[p].multiply(slot, first, to - from, packed[p], target, accumulate);
        });
  }

  void close() {
    memory.close();
  }

  /** Threads that so many multiply-adds are worth. */
  static int threads(long work, DnnlGemm gemm) {
    return Math.clamp(work / WORTHWHILE, 1, gemm.threads());
  }

  /** Cuts of the rows, so that all threads have work. */
  private int pieces(int rows, int threads) {
    int forThreads = (threads + panels - 1) / panels;
    int forCache = (rows + MOST_ROWS - 1) / MOST_ROWS;
    return Math.min(rows, Math.max(forThreads, forCache));
  }

  private void pack() {
    gemm.run(
        panels,
        threads((long) k * n, gemm),
        (slot, p) -> {
          long from = master + 4 * columnStride * column(p);
          int width = column(p + 1) - column(p);
          gemm.packing(k, width, rowStride, columnStride, products[p].layout())
              .run(slot, from, packed[p], 0);
        });
  }

  /** The first column of panel p, a multiple of 64: that is how oneDNN blocks columns. */
  private int column(int p) {
    int blocks = (n + 63) / 64;
    return Math.min(n, blocks * p / panels * 64);
  }

  private static int panels(int n) {
    return n < 128 ? 1 : n < 1024 ? 2 : n < 4096 ? 4 : n < 32768 ? 8 : 32;
  }
}
