package io.whetstone.cuda;

import io.whetstone.tensor.Tensor;

/**
 * Sums of columns over rows: chunks of rows first, each in the order of its rows, then the chunks'
 * sums as a tree. The order depends on the number of rows only.
 */
final class ColumnSums {
  private static final String FILE = "rows.cu";

  /** At most so many chunks: enough blocks for a GPU. */
  private static final int CHUNKS = 512;

  /** Rows of a chunk at least: fewer would write more sums than they save time. */
  private static final int FEWEST_ROWS = 8;

  private static final int WARP = 32;

  private final Gpu gpu;
  private final TypedKernel sumChunks;
  private final Kernel addSums;

  ColumnSums(Gpu gpu) {
    this.gpu = gpu;
    sumChunks = TypedKernel.of(gpu, FILE, "sumChunks");
    addSums = gpu.kernel(FILE, "addSums");
  }

  /** target[c] += Σ_r x[r, c]: x F32 or BF16. */
  void add(Tensor x, Tensor target) {
    int rows = x.rows();
    int columns = x.columns();
    if (rows == 0 || columns == 0) {
      return;
    }
    int chunkRows = Math.max(FEWEST_ROWS, Math.ceilDiv(rows, CHUNKS));
    int chunks = Math.ceilDiv(rows, chunkRows);
    int width = Alignment.width(x.dtype(), x.dtype());
    long sums = gpu.temporaries().reserve("sums of columns", 4L * chunks * columns);
    Kernel kernel =
        sumChunks
            .of(x.dtype())
            .begin()
            .tensor(x)
            .integer(rows)
            .integer(columns)
            .integer(chunkRows)
            .pointer(sums)
            .integer(Alignment.whole(DeviceMemory.address(x) | sums, columns, width));
    RowGrid.of(chunks, columns, width).launch(kernel);
    addSums(sums, chunks, columns, 1, 0, target);
  }

  /** target[c] += Σ_i Σ_j sums[i · outerStride + j · innerStride + c] over F32 numbers. */
  void addSums(long sums, int outer, long outerStride, int inner, long innerStride, Tensor target) {
    int columns = target.columns();
    addSums
        .begin()
        .pointer(sums)
        .integer(outer)
        .longInteger(outerStride)
        .integer(inner)
        .longInteger(innerStride)
        .integer(columns)
        .tensor(target)
        .launch(Math.ceilDiv(columns, WARP), WARP * WARP);
  }
}
