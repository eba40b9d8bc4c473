package io.whetstone.cuda;

import io.whetstone.tensor.DType;
import io.whetstone.tensor.Heads;
import io.whetstone.tensor.Tensor;
import java.util.Arrays;

/** RMSNorm of rows and of heads; formulas are with {@code Backend.rmsNorm} and {@code headNorm}. */
final class Norms {
  /** What kernels are compiled for: threads of a group, and vectors that each keeps; 0: any run. */
  static final int[][] SIZES = {{16, 4}, {256, 4}, {512, 4}, {1024, 0}};

  /** At most so many blocks in a backward's grid: enough for a GPU. */
  private static final int MOST_BLOCKS = 512;

  /** Rows of a chunk at least. */
  private static final int FEWEST_ROWS = 4;

  private final Gpu gpu;
  private final RowKernels rows;
  private final ColumnSums sums;

  /** For longer and longer runs; which is taken depends on the run's length only. */
  private final NormKernels[] kernels;

  Norms(Gpu gpu, RowKernels rows, ColumnSums sums) {
    this.gpu = gpu;
    this.rows = rows;
    this.sums = sums;
    kernels =
        Arrays.stream(SIZES)
            .map(size -> NormKernels.of(gpu, size[0], size[1]))
            .toArray(NormKernels[]::new);
  }

  void rmsNorm(Tensor x, Tensor weight, float epsilon, float offset, Tensor y, Tensor rstd) {
    forward(x, Runs.whole(weight), x.columns(), epsilon, offset, y, rstd);
  }

  void rmsNormBackward(
      Tensor dy, Tensor x, Tensor weight, float offset, Tensor rstd, Tensor dx, Tensor dWeight) {
    Runs runs = Runs.whole(weight);
    NormKernels fit = kernels(runs);
    Kernel kernel = dy.dtype() == DType.BF16 ? fit.addBf16() : fit.addF32();
    backward(fit, kernel, dy, x, runs, offset, rstd, dx, dWeight, null);
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
    Runs runs = Runs.of(heads, queryWeight, keyWeight);
    NormKernels fit = kernels(runs);
    Kernel kernel = fused.dtype() == DType.BF16 ? fit.backwardBf16() : fit.backwardF32();
    backward(fit, kernel, dNormed, fused, runs, offset, rstd, dFused, dQueryWeight, dKeyWeight);
    copyValues(dNormed, heads, dFused);
  }

  private void forward(
      Tensor x, Runs runs, int columns, float epsilon, float offset, Tensor y, Tensor rstd) {
    NormKernels fit = kernels(runs);
    Kernel kernel =
        x.dtype() == DType.BF16
            ? fit.normalizeBf16()
            : y.dtype() == DType.BF16 ? fit.normalizeRounded() : fit.normalizeF32();
    int width = Alignment.width(x.dtype(), y.dtype());
    long addresses = DeviceMemory.address(x) | DeviceMemory.address(y) | runs.addresses();
    kernel
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
        .launch(Math.ceilDiv(x.rows(), fit.groups()), runs.norms(), fit.threads(), 0);
  }

  /**
   * A piece of work is a run of a chunk of rows, whose sums for the weight's gradient are written
   * as a row; these are added in a fixed order. Chunks depend on the sizes only.
   */
  private void backward(
      NormKernels fit,
      Kernel kernel,
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
    int most = MOST_BLOCKS * fit.groups();
    int chunkRows = (int) Math.max(FEWEST_ROWS, Math.ceilDiv((long) x.rows() * runs.norms(), most));
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
    kernel
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
        .launch(Math.ceilDiv(chunks, fit.groups()), runs.norms(), fit.threads(), 0);
    sums.addSums(partials, chunks, sumColumns, runs.queries(), runs.queryRun(), dQueryWeight);
    if (dKeyWeight != null) {
      long keys = partials + 4L * runs.queries() * runs.queryRun();
      sums.addSums(keys, chunks, sumColumns, runs.keys(), runs.keyRun(), dKeyWeight);
    }
  }

  /** The first whose threads keep such runs; the last takes any. */
  private NormKernels kernels(Runs runs) {
    return Arrays.stream(kernels)
        .filter(fit -> runs.longest() <= fit.columns())
        .findFirst()
        .orElseThrow();
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

    long addresses() {
      return DeviceMemory.address(queryWeight)
          | (keyWeight == null ? 0 : DeviceMemory.address(keyWeight));
    }
  }
}
