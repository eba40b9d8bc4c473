package io.whetstone.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.whetstone.tensor.Backend;
import io.whetstone.tensor.DType;
import io.whetstone.tensor.Tensor;
import io.whetstone.tensor.Workspace;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Products straight from blocks are used, and have the bits of the decoded weight's. */
class BlockProductsTest {
  private static final int[] ROWS = {
    1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 32, 253, 512
  };

  /** The last columns of y belong to others. */
  private static final int BESIDE = 3;

  @ParameterizedTest
  @CsvSource({"Q8_0,32,9", "Q8_0,608,31", "Q4_K,256,33", "Q4_K,1280,47", "Q6_K,1280,17"})
  void haveTheBitsOfTheDecodedWeights(DType type, int in, int out) {
    BlockTiles tiles = BlockTiles.forThisMachine();
    Workers workers = new WorkerPool(2);
    DnnlGemm gemm = new DnnlGemm(workers, OneDnn.open(), false);
    try (Backend backend = new CpuBackend(workers, gemm);
        QuantizedPanels panels = new QuantizedPanels(workers, gemm);
        Workspace memory = backend.workspace("test")) {
      BlockProducts products =
          new BlockProducts(
              workers, tiles, new FloatRows(FloatTiles.forThisMachine()), gemm.pairRows());
      Tensor weight = memory.tensor(type, out, in);
      backend.write(weight, numbers(1, out * in));
      for (DType compute : new DType[] {DType.F32, DType.BF16}) {
        int chunk = products.chunk(new BlockCheck.Form(type, compute, in, out), panels);
        assertTrue(chunk > 0, type + " in " + compute + ": no cuts give the bits");
        for (int rows : ROWS) {
          Tensor x = memory.tensor(compute, rows, in);
          backend.write(x, numbers(2, rows * in));
          for (Result result : Result.values()) {
            if (result != Result.BF16 || compute == DType.BF16) {
              same(backend, memory, panels, products, weight, x, chunk, result);
            }
          }
        }
      }
    }
  }

  private static void same(
      Backend backend,
      Workspace memory,
      QuantizedPanels panels,
      BlockProducts products,
      Tensor weight,
      Tensor x,
      int chunk,
      Result result) {
    int columns = weight.rows() + BESIDE;
    Tensor[] y = new Tensor[2];
    for (int i = 0; i < y.length; i++) {
      y[i] = memory.tensor(result.dtype(), x.rows(), columns);
      backend.write(y[i], numbers(3, x.rows() * columns));
    }
    panels
        .decoded(weight, x.dtype())
        .forward(0, Memory.address(x), x.rows(), Memory.address(y[0]), columns, result);
    products.multiply(
        new BlockProducts.Product(
            weight, x.dtype(), Memory.address(x), Memory.address(y[1]), columns, chunk, result),
        x.rows());
    String what = weight + ", " + x + ", " + result;
    assertEquals(
        -1, y[0].memory().mismatch(y[1].memory()), () -> what + ": bytes differ, the first here");
  }

  private static float[] numbers(long seed, int count) {
    Random random = new Random(seed);
    float[] numbers = new float[count];
    for (int i = 0; i < count; i++) {
      numbers[i] = (float) random.nextGaussian();
    }
    return numbers;
  }
}
