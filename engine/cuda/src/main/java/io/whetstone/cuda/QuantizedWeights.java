package io.whetstone.cuda;

import io.whetstone.tensor.DType;
import io.whetstone.tensor.Tensor;

/** Rows of quantised tensors as numbers, with the bits of {@code BlockCodec}. */
final class QuantizedWeights {
  private static final String FILE = "quantized.cu";

  /** Numbers a thread decodes. */
  private static final int WIDTH = 8;

  private final Gpu gpu;
  private final TypedKernel q8;
  private final TypedKernel q4;
  private final TypedKernel q6;

  QuantizedWeights(Gpu gpu) {
    this.gpu = gpu;
    q8 = TypedKernel.of(gpu, FILE, "decodeQ8_0");
    q4 = TypedKernel.of(gpu, FILE, "decodeQ4_K");
    q6 = TypedKernel.of(gpu, FILE, "decodeQ6_K");
  }

  /**
   * Decodes the rows [firstRow, firstRow + rows) of a quantised tensor.
   *
   * @param to the address of [rows, columns] of {@code type}
   * @param type F32, or BF16: rounded to nearest even
   */
  void decode(Tensor table, int firstRow, int rows, long to, DType type) {
    launch(table, firstRow, 0, rows, to, type);
  }

  /**
   * y[r] = table[ids[r]]: y F32 or BF16.
   *
   * @param ids the device address of an id for each row of y
   */
  void gather(long ids, Tensor table, Tensor y) {
    launch(table, 0, ids, y.rows(), DeviceMemory.address(y), y.dtype());
  }

  private void launch(Tensor table, int firstRow, long picked, int rows, long to, DType type) {
    int columns = table.columns();
    Kernel kernel =
        decoder(table.dtype())
            .of(type)
            .begin()
            .tensor(table)
            .integer(firstRow)
            .pointer(picked)
            .pointer(to)
            .integer(rows)
            .integer(columns)
            .integer(Alignment.whole(to));
    RowGrid.of(rows, columns, WIDTH).launch(kernel);
  }

  private TypedKernel decoder(DType blocks) {
    return switch (blocks) {
      case Q8_0 -> q8;
      case Q4_K -> q4;
      case Q6_K -> q6;
      case F32, BF16, I32, DYNAMIC, UDYNAMIC ->
          throw new IllegalArgumentException(blocks + " holds no quantised weights");
    };
  }
}
