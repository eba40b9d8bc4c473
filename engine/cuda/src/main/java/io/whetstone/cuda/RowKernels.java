package io.whetstone.cuda;

import io.whetstone.tensor.DType;
import io.whetstone.tensor.Dropout;
import io.whetstone.tensor.Tensor;

/** Rows picked and added back by index, blocks of columns, biases and dropout. */
final class RowKernels {
  private static final String FILE = "rows.cu";

  private final Gpu gpu;
  private final QuantizedWeights quantized;
  private final ColumnSums sums;
  private final RowGroups groups = new RowGroups();
  private final TypedKernel gather;
  private final Kernel gatherWidened;
  private final Kernel scatterAdd;
  private final TypedKernel addColumns;
  private final TypedKernel copyColumns;
  private final TypedKernel dropout;
  private final TypedKernel addBias;

  RowKernels(Gpu gpu, QuantizedWeights quantized, ColumnSums sums) {
    this.gpu = gpu;
    this.quantized = quantized;
    this.sums = sums;
    gather = TypedKernel.of(gpu, FILE, "gather");
    gatherWidened = gpu.kernel(FILE, "gatherWidened");
    scatterAdd = gpu.kernel(FILE, "scatterAdd");
    addColumns = TypedKernel.of(gpu, FILE, "addColumns");
    copyColumns = TypedKernel.of(gpu, FILE, "copyColumns");
    dropout = TypedKernel.of(gpu, FILE, "dropout");
    addBias = TypedKernel.of(gpu, FILE, "addBias");
  }

  void gatherRows(Tensor x, int[] rows, Tensor y) {
    gather(gather.of(x.dtype()), x, gpu.control().ints(rows), y, width(x.dtype()));
  }

  void scatterAddRows(Tensor dy, int[] rows, Tensor dx) {
    scatterAdd(dy, rows, dx);
  }

  /**
   * @param ids the device address of an id for each row of y
   */
  void embedding(long ids, Tensor table, Tensor y) {
    if (table.dtype().quantized()) {
      quantized.gather(ids, table, y);
    } else if (table.dtype() == y.dtype()) {
      gather(gather.of(table.dtype()), table, ids, y, width(table.dtype()));
    } else {
      gather(gatherWidened, table, ids, y, 4);
    }
  }

  void embeddingBackward(int[] ids, Tensor dy, Tensor dTable) {
    scatterAdd(dy, ids, dTable);
  }

  private void gather(Kernel picks, Tensor x, long rows, Tensor y, int width) {
    int columns = x.columns();
    long addresses = DeviceMemory.address(x) | DeviceMemory.address(y);
    Kernel kernel =
        picks
            .begin()
            .tensor(x)
            .pointer(rows)
            .tensor(y)
            .integer(y.rows())
            .integer(columns)
            .integer(Alignment.whole(addresses, columns, width));
    RowGrid.of(y.rows(), columns, width).launch(kernel);
  }

  /** Every target's rows in their order, so there is one right answer; targets side by side. */
  private void scatterAdd(Tensor dy, int[] rows, Tensor dx) {
    if (rows.length == 0) {
      return;
    }
    int columns = dx.columns();
    groups.group(rows, dx.rows());
    int targets = groups.targets();
    long addresses = DeviceMemory.address(dy) | DeviceMemory.address(dx);
    Kernel kernel =
        scatterAdd
            .begin()
            .tensor(dy)
            .pointer(gpu.control().ints(groups.numbers(), groups.length()))
            .integer(targets)
            .tensor(dx)
            .integer(columns)
            .integer(Alignment.whole(addresses, columns, 4));
    RowGrid.of(targets, columns, 4).launch(kernel);
  }

  void addColumns(Tensor x, Tensor y, int from) {
    int columns = x.columns();
    int stride = y.columns();
    long target = DeviceMemory.address(y) + (long) y.dtype().bytes() * from;
    Kernel kernel =
        addColumns
            .of(y.dtype())
            .begin()
            .tensor(x)
            .pointer(target)
            .longInteger(stride)
            .integer(x.rows())
            .integer(columns)
            .integer(Alignment.whole(DeviceMemory.address(x) | target, columns | stride, 4));
    RowGrid.of(x.rows(), columns, 4).launch(kernel);
  }

  void takeColumns(Tensor x, int from, Tensor y) {
    long source = DeviceMemory.address(x) + (long) x.dtype().bytes() * from;
    copyColumns(
        x.dtype(),
        source,
        x.columns(),
        DeviceMemory.address(y),
        y.columns(),
        y.rows(),
        y.columns());
  }

  /** to[r, c] = from[r, c] for rows that lie so many elements apart: F32 or BF16. */
  void copyColumns(
      DType type, long from, int fromStride, long to, int toStride, int rows, int columns) {
    int width = width(type);
    Kernel kernel =
        copyColumns
            .of(type)
            .begin()
            .pointer(from)
            .longInteger(fromStride)
            .pointer(to)
            .longInteger(toStride)
            .integer(rows)
            .integer(columns)
            .integer(Alignment.whole(from | to, columns | fromStride | toStride, width));
    RowGrid.of(rows, columns, width).launch(kernel);
  }

  void dropout(Tensor x, double rate, long[] rowKeys, Tensor y) {
    int columns = x.columns();
    long addresses = DeviceMemory.address(x) | DeviceMemory.address(y);
    Kernel kernel =
        dropout
            .of(x.dtype())
            .begin()
            .tensor(x)
            .tensor(y)
            .pointer(gpu.control().longs(rowKeys))
            .integer(Dropout.threshold(rate))
            .number((float) (1 / (1 - rate)))
            .integer(rowKeys.length)
            .integer(columns)
            .integer(Alignment.whole(addresses, columns, Dropout.COLUMNS));
    RowGrid.of(rowKeys.length, columns, Dropout.COLUMNS).launch(kernel);
  }

  void addBias(Tensor bias, Tensor y) {
    int columns = y.columns();
    int width = width(y.dtype());
    long addresses = DeviceMemory.address(bias) | DeviceMemory.address(y);
    Kernel kernel =
        addBias
            .of(y.dtype())
            .begin()
            .tensor(bias)
            .tensor(y)
            .integer(y.rows())
            .integer(columns)
            .integer(Alignment.whole(addresses, columns, width));
    RowGrid.of(y.rows(), columns, width).launch(kernel);
  }

  void addBiasBackward(Tensor dy, Tensor dBias) {
    sums.add(dy, dBias);
  }

  /** Elements in 16 bytes. */
  private static int width(DType type) {
    return Alignment.width(type, type);
  }
}
