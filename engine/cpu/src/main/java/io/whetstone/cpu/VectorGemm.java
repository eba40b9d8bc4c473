package io.whetstone.cpu;

import static io.whetstone.cpu.Memory.LANES;
import static io.whetstone.cpu.Memory.SPECIES;

import io.whetstone.tensor.DType;
import io.whetstone.tensor.Tensor;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/**
 * Matrix products by the Vector API, where oneDNN is not to be had.
 *
 * <p>Every element is one chain of fused multiply-adds in the order of k from 0 (tokens, for weight
 * gradients, in chunks), so neither tiling nor vector width changes a bit.
 */
final class VectorGemm implements Gemm {
  /** Rows whose sums are held in registers at once, two vectors each. */
  private static final int ROWS = 4;

  /** Rows of a task: enough for a panel of B to pay for its loading. */
  private static final int TASK_ROWS = 32;

  /** Tokens summed before their sum is added to a weight gradient. */
  private static final int TOKEN_CHUNK = 512;

  /** C = A B or C += A B with A [m, k] and B [k, n]; strides in bytes; columns are contiguous. */
  private record Product(
      int m, int n, int k, long a, long aRow, long aColumn, long b, long bRow, long c, long cRow) {}

  private final Workers workers;
  private final String reason;
  private final PairRows pairRows = new PairKernel();
  private final PairProducts pairs;
  private final Scratch widenedX = new Scratch();
  private final Scratch widenedDy = new Scratch();

  /**
   * @param reason why oneDNN does not do it, for people
   */
  VectorGemm(Workers workers, String reason) {
    this.workers = workers;
    this.reason = reason;
    this.pairs = new PairProducts(workers, pairRows);
  }

  @Override
  public String description() {
    return "products by the Java Vector API (" + reason + ")";
  }

  @Override
  public Weight weight(Tensor master, DType compute) {
    return compute == DType.BF16
        ? new PartedWeight(
            master, compute, (rows, transposed) -> new PairCopy(workers, pairs, rows, transposed))
        : new TransposedWeight(master);
  }

  @Override
  public PairRows pairRows() {
    return pairRows;
  }

  @Override
  public void backwardWeight(DType dtype, long x, long dy, int tokens, int in, int out, long dw) {
    for (int t = 0; t < tokens; t += TOKEN_CHUNK) {
      int chunk = Math.min(TOKEN_CHUNK, tokens - t);
      long xs = floats(dtype, x, chunk, in, t, widenedX);
      long dys = floats(dtype, dy, chunk, out, t, widenedDy);
      multiply(new Product(out, in, chunk, dys, 4, 4L * out, xs, 4L * in, dw, 4L * in), true);
    }
  }

  @Override
  public void close() {}

  /** Where the chunk of rows from {@code first} on lies in F32. */
  private long floats(DType dtype, long rows, int chunk, int columns, int first, Scratch scratch) {
    long from = rows + (long) dtype.bytes() * columns * first;
    if (dtype == DType.F32) {
      return from;
    }
    long to = scratch.reserve(4L * columns * chunk);
    Bfloat16.widen(workers, from, to, (long) columns * chunk);
    return to;
  }

  private void multiply(Product p, boolean accumulate) {
    int columns = 2 * LANES;
    int rowBlocks = (p.m + TASK_ROWS - 1) / TASK_ROWS;
    int columnBlocks = (p.n + columns - 1) / columns;
    long elements = (long) TASK_ROWS * columns * p.k / LANES;
    Ranges.run(
        workers,
        rowBlocks * columnBlocks,
        elements,
        1,
        (from, to) -> {
          for (int block = from; block < to; block++) {
            int row = block / columnBlocks * TASK_ROWS;
            int column = block % columnBlocks * columns;
            panel(p, row, Math.min(row + TASK_ROWS, p.m), column, accumulate);
          }
        });
  }

  /** Two vectors' columns of the rows [from, to). */
  private static void panel(Product p, int from, int to, int column, boolean accumulate) {
    VectorMask<Float> first = SPECIES.indexInRange(column, p.n);
    VectorMask<Float> second = SPECIES.indexInRange(column + LANES, p.n);
    boolean whole = column + 2 * LANES <= p.n;
    int row = from;
    for (; row <= to - ROWS; row += ROWS) {
      if (whole) {
        fourRows(p, row, column, accumulate);
      } else {
        fourRows(p, row, column, accumulate, first);
        fourRows(p, row, column + LANES, accumulate, second);
      }
    }
    for (; row < to; row++) {
      oneRow(p, row, column, accumulate, first);
      oneRow(p, row, column + LANES, accumulate, second);
    }
  }

  private static void fourRows(Product p, int row, int column, boolean accumulate) {
    FloatVector s00 = FloatVector.zero(SPECIES);
    FloatVector s01 = s00;
    FloatVector s10 = s00;
    FloatVector s11 = s00;
    FloatVector s20 = s00;
    FloatVector s21 = s00;
    FloatVector s30 = s00;
    FloatVector s31 = s00;
    long a = p.a + row * p.aRow;
    long b = p.b + 4L * column;
    for (int k = 0; k < p.k; k++) {
      FloatVector b0 = Memory.load(b);
      FloatVector b1 = Memory.load(b + 4L * LANES);
      FloatVector a0 = broadcast(a);
      s00 = a0.fma(b0, s00);
      s01 = a0.fma(b1, s01);
      FloatVector a1 = broadcast(a + p.aRow);
      s10 = a1.fma(b0, s10);
      s11 = a1.fma(b1, s11);
      FloatVector a2 = broadcast(a + 2 * p.aRow);
      s20 = a2.fma(b0, s20);
      s21 = a2.fma(b1, s21);
      FloatVector a3 = broadcast(a + 3 * p.aRow);
      s30 = a3.fma(b0, s30);
      s31 = a3.fma(b1, s31);
      a += p.aColumn;
      b += p.bRow;
    }
    long c = p.c + row * p.cRow + 4L * column;
    long right = 4L * LANES;
    put(s00, c, accumulate);
    put(s01, c + right, accumulate);
    put(s10, c + p.cRow, accumulate);
    put(s11, c + p.cRow + right, accumulate);
    put(s20, c + 2 * p.cRow, accumulate);
    put(s21, c + 2 * p.cRow + right, accumulate);
    put(s30, c + 3 * p.cRow, accumulate);
    put(s31, c + 3 * p.cRow + right, accumulate);
  }

  private static void fourRows(
      Product p, int row, int column, boolean accumulate, VectorMask<Float> mask) {
    if (!mask.anyTrue()) {
      return;
    }
    FloatVector s0 = FloatVector.zero(SPECIES);
    FloatVector s1 = s0;
    FloatVector s2 = s0;
    FloatVector s3 = s0;
    long a = p.a + row * p.aRow;
    long b = p.b + 4L * column;
    for (int k = 0; k < p.k; k++) {
      FloatVector b0 = Memory.load(b, mask);
      s0 = broadcast(a).fma(b0, s0);
      s1 = broadcast(a + p.aRow).fma(b0, s1);
      s2 = broadcast(a + 2 * p.aRow).fma(b0, s2);
      s3 = broadcast(a + 3 * p.aRow).fma(b0, s3);
      a += p.aColumn;
      b += p.bRow;
    }
    long c = p.c + row * p.cRow + 4L * column;
    put(s0, c, accumulate, mask);
    put(s1, c + p.cRow, accumulate, mask);
    put(s2, c + 2 * p.cRow, accumulate, mask);
    put(s3, c + 3 * p.cRow, accumulate, mask);
  }

  private static void oneRow(
      Product p, int row, int column, boolean accumulate, VectorMask<Float> mask) {
    if (!mask.anyTrue()) {
      return;
    }
    FloatVector sum = FloatVector.zero(SPECIES);
    long a = p.a + row * p.aRow;
    long b = p.b + 4L * column;
    for (int k = 0; k < p.k; k++) {
      sum = broadcast(a).fma(Memory.load(b, mask), sum);
      a += p.aColumn;
      b += p.bRow;
    }
    put(sum, p.c + row * p.cRow + 4L * column, accumulate, mask);
  }

  private static FloatVector broadcast(long address) {
    return FloatVector.broadcast(SPECIES, Memory.get(address));
  }

  private static void put(FloatVector sum, long c, boolean accumulate) {
    Memory.store(accumulate ? Memory.load(c).add(sum) : sum, c);
  }

  private static void put(FloatVector sum, long c, boolean accumulate, VectorMask<Float> mask) {
    Memory.store(accumulate ? Memory.load(c, mask).add(sum) : sum, c, mask);
  }

  /** Keeps Wᵀ, whose rows the forward product reads; the input's gradient reads W itself. */
  private final class TransposedWeight implements Weight {
    private final Tensor master;
    private final int in;
    private final int out;
    private final OutputParts parts;
    private final Allocation transposed;
    private final Allocation widened;

    TransposedWeight(Tensor master) {
      this.master = master;
      this.in = master.columns();
      this.out = master.rows();
      this.transposed =
          new Allocation(4L * in * out, "the transposed copy of a weight " + master.shape());
      this.parts = new OutputParts(out);
      this.widened =
          master.dtype() == DType.F32
              ? null
              : new Allocation(4L * in * out, "the F32 copy of a weight " + master.shape());
      refresh();
    }

    @Override
    public DType dtype() {
      return DType.F32;
    }

    @Override
    public int in() {
      return in;
    }

    @Override
    public int out() {
      return out;
    }

    @Override
    public void refresh() {
      if (widened != null) {
        Bfloat16.widen(Memory.address(master), widened.address(), master.size());
      }
      long from = plain();
      long to = transposed.address();
      Ranges.run(
          workers,
          out,
          in,
          LANES,
          (first, last) -> {
            for (int k = 0; k < in; k++) {
              for (int n = first; n < last; n++) {
                Memory.set(
                    to + 4 * ((long) k * out + n), Memory.get(from + 4 * ((long) n * in + k)));
              }
            }
          });
    }

    @Override
    public int parts() {
      return parts.count();
    }

    @Override
    public int firstOutput(int part) {
      return parts.first(part);
    }

    /** Where W lies in F32. */
    private long plain() {
      return widened == null ? Memory.address(master) : widened.address();
    }

    @Override
    public void forward(int part, long x, int rows, long y, int yColumns, Result result) {
      boolean accumulate = result == Result.F32_ADDED;
      long w = transposed.address() + 4L * parts.first(part);
      int n = parts.width(part);
      multiply(new Product(rows, n, in, x, 4L * in, 4, w, 4L * out, y, 4L * yColumns), accumulate);
    }

    @Override
    public void backwardInput(int part, long dy, int rows, long dx, Result result) {
      boolean accumulate = result == Result.F32_ADDED;
      int n = parts.width(part);
      long w = plain() + 4L * in * parts.first(part);
      multiply(new Product(rows, in, n, dy, 4L * n, 4, w, 4L * in, dx, 4L * in), accumulate);
    }

    @Override
    public void backwardInput(long dy, int rows, long dx, Result result) {
      boolean accumulate = result == Result.F32_ADDED;
      long w = plain();
      multiply(new Product(rows, in, out, dy, 4L * out, 4, w, 4L * in, dx, 4L * in), accumulate);
    }

    @Override
    public void close() {
      transposed.close();
      if (widened != null) {
        widened.close();
      }
    }
  }
}
