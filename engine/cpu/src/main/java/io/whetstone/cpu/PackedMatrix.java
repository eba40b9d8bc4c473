package io.whetstone.cpu;

import io.whetstone.tensor.DType;
import io.whetstone.tensor.Tensor;
import java.util.Arrays;

/**
 * The B [k, n] of products C = A B, made of a master weight in the layout that oneDNN wants, in
 * panels of columns.
 *
 * <p>How columns are cut depends on the shape alone, so it cannot make bits depend on the number of
 * threads; how rows are cut may depend on it, since a row's bits do not depend on its neighbours.
 */
final class PackedMatrix implements WeightCopy {
  /** Multiply-adds that are worth a task of their own: some microseconds of work. */
  private static final long WORTHWHILE = 1 << 18;

  /** What packing an element costs, in multiply-adds: it is read and written with strides. */
  private static final int PACKING = 16;

  private static final int MOST_ROWS = 512;

  private final DnnlGemm gemm;
  private final Tensor master;
  private final DType dtype;
  private final boolean transposed;
  private final int k;
  private final int n;
  private final int panels;
  private PanelProducts[] products;
  private final long[] packed;
  private WeightMemory.Piece memory;
  private boolean stale = true;
  private int pairChunk = -1;

  /**
   * @param transposed whether B is Wᵀ, else W
   */
  PackedMatrix(DnnlGemm gemm, Tensor master, DType dtype, boolean transposed) {
    this.gemm = gemm;
    this.master = master;
    this.dtype = dtype;
    this.transposed = transposed;
    this.k = transposed ? master.columns() : master.rows();
    this.n = transposed ? master.rows() : master.columns();
    this.panels = panels(n);
    this.products = products(n);
    this.packed = new long[panels];
  }

  private PanelProducts[] products(int cColumns) {
    PanelProducts[] made = new PanelProducts[panels];
    for (int p = 0; p < panels; p++) {
      int width = column(p + 1) - column(p);
      int bColumns = plain() ? n : 0;
      made[p] = gemm.products(new PanelProducts.Panel(dtype, k, width, bColumns, cColumns));
    }
    return made;
  }

  @Override
  public boolean usable() {
    return Arrays.stream(products).allMatch(product -> product.usable(gemm.slot(0)));
  }

  /** The master has changed; it is packed again when it is next needed. */
  @Override
  public void refresh() {
    stale = true;
  }

  /** C = A B as {@code result} says: A [rows, k], C [rows, n] with rows cColumns apart. */
  @Override
  public void multiply(long a, int rows, long c, int cColumns, Result result) {
    if (stale) {
      pack();
      stale = false;
    }
    if (rows == 0) {
      return;
    }
    if (cColumns != products[0].panel().cColumns()) {
      products = products(cColumns);
    }
    if (gemm.prefersPairs(rows) && pairChunk() > 0) {
      long b = memory.address();
      gemm.pairs()
          .multiply(new PairProducts.Product(a, k, b, n, c, cColumns, pairChunk(), result), rows);
      return;
    }
    int threads = threads((long) rows * k * n, gemm);
    int pieces = pieces(rows, threads);
    int step = (rows + pieces - 1) / pieces;
    // Whole multiples of the larger sizes keep the number of calls low.
    int rounded = step > 64 ? (step + 63) / 64 * 64 : step > 8 ? (step + 7) / 8 * 8 : step;
    int count = (rows + rounded - 1) / rounded;
    long aRow = (long) dtype.bytes() * k;
    gemm.run(
        count * panels,
        threads,
        (slot, task) -> {
          int p = task % panels;
          int from = task / panels * rounded;
          int to = Math.min(from + rounded, rows);
          long target = c + result.bytes() * ((long) cColumns * from + column(p));
          products[p].multiply(slot, a + aRow * from, to - from, packed[p], target, result);
        });
  }

  @Override
  public void close() {
    if (memory != null) {
      memory.close();
    }
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

  /** The panels lie one after the other, so together they are a {@link PairMatrix} too. */
  private int pairChunk() {
    if (pairChunk < 0) {
      pairChunk =
          Arrays.stream(products)
              .mapToInt(panel -> panel.pairChunk(gemm.slot(0), gemm.pairs()))
              .reduce((a, b) -> a == b ? a : 0)
              .orElseThrow();
    }
    return pairChunk;
  }

  /**
   * Whether B stays in rows: BF16 gains too little from packing what is only a backward's, except
   * where the pairs' products gain much; and a BF16 master is B as it lies, and needs no copy.
   */
  private boolean plain() {
    boolean small = master.dtype() == DType.BF16;
    return dtype == DType.BF16 && !transposed && (small || !gemm.slowBfloat16());
  }

  private void pack() {
    if (plain()) {
      if (master.dtype() != DType.BF16) {
        allocate(2 * master.size());
        Bfloat16.round(gemm.workers(), Memory.address(master), memory.address(), master.size());
      }
      long base = memory == null ? Memory.address(master) : memory.address();
      Arrays.setAll(packed, p -> base + 2L * column(p));
    } else {
      packPanels();
    }
  }

  private void packPanels() {
    long bytes = 0;
    for (int p = 0; p < panels; p++) {
      packed[p] = bytes;
      long panelBytes = gemm.bytes(products[p].layout());
      bytes += (panelBytes + Allocation.ALIGNMENT - 1) & -Allocation.ALIGNMENT;
    }
    allocate(bytes);
    for (int p = 0; p < panels; p++) {
      packed[p] += memory.address();
    }
    long rowStride = transposed ? 1 : n;
    long columnStride = transposed ? k : 1;
    gemm.run(
        panels,
        threads((long) PACKING * k * n, gemm),
        (slot, p) -> {
          long from = Memory.address(master) + master.dtype().bytes() * columnStride * column(p);
          gemm.packing(master.dtype(), products[p], rowStride, columnStride)
              .run(slot, from, packed[p], 0);
        });
  }

  private void allocate(long bytes) {
    if (memory == null) {
      memory = gemm.memory().take(bytes, "a weight of " + k + " × " + n + " prepared for products");
    }
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
