package io.whetstone.cuda;

import io.whetstone.tensor.DType;
import io.whetstone.tensor.Heads;
import io.whetstone.tensor.Tensor;

/** RMSNorm of rows and of heads; formulas are with {@code Backend.rmsNorm} and {@code headNorm}. */
final class Norms {
  private static final String FILE = "norms.cu";
  private static final int THREADS = 256;

  /** Threads that take a short run ({@code FEW} of the kernels). */
  private static final int FEW = 16;

  /** Columns of a short run at most. */
  private static final int SHORT = 512;

  /** At most so many pieces of work in a backward, a chunk's run each, of short and long runs. */
  private static final int SHORT_PIECES = 8192;

  private static final int LONG_PIECES = 512;

  /** Rows of a chunk at least. */
  private static final int FEWEST_ROWS = 4;

  private final Gpu gpu;
  private final RowKernels rows;
  private final ColumnSums sums;
  private final ByLength normalizeF32;
  private final ByLength normalizeRounded;
  private final ByLength normalizeBf16;
  private final ByLength addF32;
  private final ByLength addBf16;
  private final ByLength backwardF32;
  private final ByLength backwardBf16;

  Norms(Gpu gpu, RowKernels rows, ColumnSums sums) {
    this.gpu = gpu;
    this.rows = rows;
    this.sums = sums;
    normalizeF32 = ByLength.of(gpu, "normalizeF32");
    normalizeRounded = ByLength.of(gpu, "normalizeRounded");
    normalizeBf16 = ByLength.of(gpu, "normalizeBf16");
    addF32 = ByLength.of(gpu, "backwardAddF32");
    addBf16 = ByLength.of(gpu, "backwardAddBf16");
    backwardF32 = ByLength.of(gpu, "backwardF32");
    backwardBf16 = ByLength.of(gpu, "backwardBf16");
  }

  void rmsNorm(Tensor x, Tensor weight, float epsilon, float offset, Tensor y, Tensor rstd) {
    forward(x, Runs.whole(weight), x.columns(), epsilon, offset, y, rstd);
  }

  void rmsNormBackward(
      Tensor dy, Tensor x, Tensor weight, float offset, Tensor rstd, Tensor dx, Tensor dWeight) {
    ByLength kernels = dy.dtype() == DType.BF16 ? addBf16 : addF32;
    backward(kernels, dy, x, Runs.whole(weight), offset, rstd, dx, dWeight, null);
  }

  void headNorm(
      Tensor fused,
      Heads heads,
      Tensor queryWeight,
      Tensor keyWeight,
      float epsilon,
      float offset,
      Tensor normed,
      Tensor rstd) {
    forward(
        fused,
        Runs.of(heads, queryWeight, keyWeight),
        heads.fusedColumns(),
        epsilon,
        offset,
        normed,
        rstd);
    copyValues(fused, heads, normed);
  }

  void headNormBackward(
      Tensor dNormed,
      Tensor fused,
      Heads heads,
      Tensor queryWeight,
      Tensor keyWeight,
      float offset,
      Tensor rstd,
      Tensor dFused,
      Tensor dQueryWeight,
      Tensor dKeyWeight) {
    ByLength kernels = fused.dtype() == DType.BF16 ? backwardBf16 : backwardF32;
    Runs runs = Runs.of(heads, queryWeight, keyWeight);
    backward(kernels, dNormed, fused, runs, offset, rstd, dFused, dQueryWeight, dKeyWeight);
    copyValues(dNormed, heads, dFused);
  }

  private void forward(
      Tensor x, Runs runs, int columns, float epsilon, float offset, Tensor y, Tensor rstd) {
    ByLength kernels =
        x.dtype() == DType.BF16
            ? normalizeBf16
            : y.dtype() == DType.BF16 ? normalizeRounded : normalizeF32;
    int width = Alignment.width(x.dtype(), y.dtype());
    long addresses = DeviceMemory.address(x) | DeviceMemory.address(y) | runs.addresses();
    kernels
        .of(runs)
        .begin()
        .tensor(x)
        .tensor(y)
        .integer(x.rows())
        .integer(columns)
        .integer(runs.queries())
        .integer(runs.queryRun())
        .integer(runs.keyRun())
        .tensor(runs.queryWeight())
        .tensor(runs.keyWeight())
        .number(offset)
        .number(epsilon)
        .tensor(rstd)
        .integer(Alignment.whole(addresses, columns | runs.queryRun() | runs.keyRun(), width))
        .launch(Math.ceilDiv(x.rows(), THREADS / runs.threads()), runs.norms(), THREADS, 0);
  }

  /**
   * A piece of work is a run of a chunk of rows, whose sums for the weight's gradient are written
   * as a row; these are added in a fixed order. Chunks depend on the sizes only.
   */
  private void backward(
      ByLength kernels,
      Tensor dy,
      Tensor x,
      Runs runs,
      float offset,
      Tensor rstd,
      Tensor dx,
      Tensor dQueryWeight,
      Tensor dKeyWeight) {
    if (x.rows() == 0) {
      return;
    }
    int most = runs.areShort() ? SHORT_PIECES : LONG_PIECES;
    long pieces = (long) x.rows() * runs.norms();
    int chunkRows = (int) Math.max(FEWEST_ROWS, Math.ceilDiv(pieces, most));
    int chunks = Math.ceilDiv(x.rows(), chunkRows);
    int sumColumns = runs.columns();
    long partials = gpu.temporaries().reserve("sums of norms", 4L * chunks * sumColumns);
    int width = Alignment.width(dy.dtype(), x.dtype());
    long addresses =
        DeviceMemory.address(dy)
            | DeviceMemory.address(x)
            | DeviceMemory.address(dx)
            | runs.addresses()
            | partials;
    int groups = THREADS / runs.threads();
    kernels
        .of(runs)
        .begin()
        .tensor(dy)
        .tensor(x)
        .tensor(dx)
        .integer(x.rows())
        .integer(x.columns())
        .integer(runs.queries())
        .integer(runs.queryRun())
        .integer(runs.keyRun())
        .tensor(runs.queryWeight())
        .tensor(runs.keyWeight())
        .number(offset)
        .tensor(rstd)
        .integer(chunkRows)
        .pointer(partials)
        .integer(sumColumns)
        .integer(Alignment.whole(addresses, x.columns() | runs.queryRun() | runs.keyRun(), width))
        .launch(Math.ceilDiv(chunks, groups), runs.norms(), THREADS, sharedBytes(groups, runs));
    sums.addSums(partials, chunks, sumColumns, runs.queries(), runs.queryRun(), dQueryWeight);
    if (dKeyWeight != null) {
      long keys = partials + 4L * runs.queries() * runs.queryRun();
      sums.addSums(keys, chunks, sumColumns, runs.keys(), runs.keyRun(), dKeyWeight);
    }
  }

  private int sharedBytes(int groups, Runs runs) {
    long bytes = 4L * groups * (Math.ceilDiv(runs.longest(), 8) * 8);
    if (bytes > gpu.sharedMemoryPerBlock()) {
      throw new IllegalArgumentException(
          "weight: a norm over "
              + runs.longest()
              + " columns is more than a block's shared memory holds, "
              + gpu.sharedMemoryPerBlock()
              + " bytes");
    }
    return (int) bytes;
  }

  private void copyValues(Tensor from, Heads heads, Tensor to) {
    if (DeviceMemory.address(from) == DeviceMemory.address(to)) {
      return;
    }
    int columns = heads.fusedColumns();
    int values = heads.keyValues() * heads.size();
    long skipped = (long) from.dtype().bytes() * (columns - values);
    rows.copyColumns(
        from.dtype(),
        DeviceMemory.address(from) + skipped,
        columns,
        DeviceMemory.address(to) + skipped,
        columns,
        from.rows(),
        values);
  }

  /**
   * The runs of columns of a row that are normalised one by one, those of the queries first.
   *
   * @param queries runs of {@code queryRun} columns
   * @param keys runs of {@code keyRun} columns after them
   * @param keyWeight null where there are no keys
   */
  private record Runs(
      int queries, int queryRun, Tensor queryWeight, int keys, int keyRun, Tensor keyWeight) {
    /** One run, the row. */
    static Runs whole(Tensor weight) {
      return new Runs(1, weight.columns(), weight, 0, 0, null);
    }

    static Runs of(Heads heads, Tensor queryWeight, Tensor keyWeight) {
      return new Runs(
          heads.queries() * heads.size() / queryWeight.columns(),
          queryWeight.columns(),
          queryWeight,
          heads.keyValues() * heads.size() / keyWeight.columns(),
          keyWeight.columns(),
          keyWeight);
    }

    int norms() {
      return queries + keys;
    }

    int columns() {
      return queries * queryRun + keys * keyRun;
    }

    int longest() {
      return Math.max(queryRun, keyRun);
    }

    int threads() {
      return areShort() ? FEW : THREADS;
    }

    boolean areShort() {
      return longest() <= SHORT;
    }

    long addresses() {
      return DeviceMemory.address(queryWeight)
          | (keyWeight == null ? 0 : DeviceMemory.address(keyWeight));
    }
  }

  /** A kernel for short runs and one for long ones. */
  private record ByLength(Kernel forShort, Kernel forLong) {
    static ByLength of(Gpu gpu, String name) {
      return new ByLength(gpu.kernel(FILE, name + "Short"), gpu.kernel(FILE, name + "Long"));
    }

    Kernel of(Runs runs) {
      return runs.areShort() ? forShort : forLong;
    }
  }
}
