package io.whetstone.cpu;

import io.whetstone.tensor.DType;
import io.whetstone.tensor.Heads;
import io.whetstone.tensor.Tensor;

/** RMSNorm of query and key heads; formulas are with {@code Backend.headNorm}. */
final class HeadNorm {
  /** Rows whose part of the weights' gradients is summed on its own: fixed, so the bits are too. */
  private static final int CHUNK = 64;

  private final Workers workers;
  private final Scratch partials = new Scratch();
  private final ThreadLocal<Scratch> scratch = ThreadLocal.withInitial(Scratch::new);

  HeadNorm(Workers workers) {
    this.workers = workers;
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
    Runs runs = Runs.of(heads, queryWeight, keyWeight, offset);
    DType type = fused.dtype();
    int columns = heads.fusedColumns();
    long rowBytes = (long) type.bytes() * columns;
    long from = Memory.address(fused);
    long to = Memory.address(normed);
    long rstds = Memory.address(rstd);
    long rest = (long) type.bytes() * runs.columns;
    Ranges.run(
        workers,
        fused.rows(),
        2L * columns,
        1,
        (first, last) -> {
          long work = scratch.get().reserve(4L * runs.columns);
          for (int r = first; r < last; r++) {
            long source = from + rowBytes * r;
            long row = to + rowBytes * r;
            long x = Bfloat16.floats(type, source, runs.columns, work);
            runs.forward(x, epsilon, Bfloat16.target(type, row, work), rstds + 4L * runs.norms * r);
            Bfloat16.settle(type, row, runs.columns, work);
            if (row != source) {
              Memory.copy(source + rest, row + rest, rowBytes - rest);
            }
          }
        });
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
    Runs runs = Runs.of(heads, queryWeight, keyWeight, offset);
    DType type = fused.dtype();
    int rows = fused.rows();
    int chunks = (rows + CHUNK - 1) / CHUNK;
    int weights = runs.queryRun + runs.keyRun;
    long sums = partials.reserve(4L * weights * chunks);
    long rowBytes = (long) type.bytes() * heads.fusedColumns();
    long dys = Memory.address(dNormed);
    long xs = Memory.address(fused);
    long dxs = Memory.address(dFused);
    long rstds = Memory.address(rstd);
    long rest = (long) type.bytes() * runs.columns;
    Ranges.run(
        workers,
        chunks,
        4L * heads.fusedColumns() * CHUNK,
        1,
        (first, last) -> {
          long work = scratch.get().reserve(3 * 4L * runs.columns);
          long dx = work + 4L * runs.columns;
          for (int chunk = first; chunk < last; chunk++) {
            long sum = sums + 4L * weights * chunk;
            Memory.zero(sum, 4L * weights);
            for (int r = chunk * CHUNK; r < Math.min(rows, (chunk + 1) * CHUNK); r++) {
              long source = dys + rowBytes * r;
              long row = dxs + rowBytes * r;
              long x = Bfloat16.floats(type, xs + rowBytes * r, runs.columns, work);
              long dy = Bfloat16.floats(type, source, runs.columns, dx + 4L * runs.columns);
              Memory.zero(dx, 4L * runs.columns);
              runs.backward(dy, x, rstds + 4L * runs.norms * r, dx, sum);
              if (type == DType.F32) {
                Memory.copy(dx, row, rest);
              } else {
                Bfloat16.round(dx, row, runs.columns);
              }
              if (row != source) {
                Memory.copy(source + rest, row + rest, rowBytes - rest);
              }
            }
          }
        });
    for (int chunk = 0; chunk < chunks; chunk++) {
      long sum = sums + 4L * weights * chunk;
      Rows.addColumns(sum, Memory.address(dQueryWeight), 0, runs.queryRun);
      Rows.addColumns(sum + 4L * runs.queryRun, Memory.address(dKeyWeight), 0, runs.keyRun);
    }
  }

  /**
   * The runs of columns of a row that are normalised one by one, those of the queries first.
   *
   * @param columns of all runs
   * @param queryColumns of the queries' runs
   */
  private record Runs(
      int columns,
      int queryColumns,
      int queryRun,
      int keyRun,
      int norms,
      long queryWeight,
      long keyWeight,
      float offset) {
    static Runs of(Heads heads, Tensor queryWeight, Tensor keyWeight, float offset) {
      int queries = heads.queries() * heads.size();
      return new Runs(
          queries + heads.keyValues() * heads.size(),
          queries,
          queryWeight.columns(),
          keyWeight.columns(),
          heads.norms(queryWeight, keyWeight),
          Memory.address(queryWeight),
          Memory.address(keyWeight),
          offset);
    }

    /** From F32 columns to F32 columns, which may be the same. */
    void forward(long x, float epsilon, long y, long rstds) {
      int norm = 0;
      for (int c = 0; c < columns; norm++) {
        boolean query = c < queryColumns;
        int run = query ? queryRun : keyRun;
        float scale = RmsNorm.rstd(x + 4L * c, epsilon, run);
        Memory.set(rstds + 4L * norm, scale);
        long weight = query ? queryWeight : keyWeight;
        RmsNorm.normalize(x + 4L * c, weight, offset, scale, y + 4L * c, run);
        c += run;
      }
    }

    /** Adds to F32 columns dx, and to the sums of the queries' weight and, after it, the keys'. */
    void backward(long dy, long x, long rstds, long dx, long sums) {
      int norm = 0;
      for (int c = 0; c < columns; norm++) {
        boolean query = c < queryColumns;
        int run = query ? queryRun : keyRun;
        long weight = query ? queryWeight : keyWeight;
        long sum = query ? sums : sums + 4L * queryRun;
        long at = 4L * c;
        float scale = Memory.get(rstds + 4L * norm);
        float projection = RmsNorm.projection(dy + at, x + at, weight, offset, run);
        float shrink = -scale * scale * (projection / run);
        RmsNorm.backward(dy + at, x + at, weight, offset, scale, shrink, dx + at, sum, run);
        c += run;
      }
    }
  }
}
