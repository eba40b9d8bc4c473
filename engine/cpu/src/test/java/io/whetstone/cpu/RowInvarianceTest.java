package io.whetstone.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.whetstone.tensor.Backend;
import io.whetstone.tensor.DType;
import io.whetstone.tensor.Linear;
import io.whetstone.tensor.Tensor;
import io.whetstone.tensor.Workspace;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A row of a product has the same bits whatever number of rows and threads it is made with. */
class RowInvarianceTest {
  private static final int MOST_ROWS = 512;

  @ParameterizedTest
  @CsvSource({
    "F32,128,384",
    "F32,128,704",
    "F32,352,128",
    "F32,128,22",
    "F32,896,1152",
    "BF16,128,384",
    "BF16,352,130",
    "BF16,65,33",
    "BF16,192,512",
    "BF16,128,22",
    "BF16,896,1152",
    "BF16,2100,64"
  })
  void rowsAreTheSameInAnyNumber(DType dtype, int in, int out) {
    rowsAreTheSameInAnyNumber(dtype, in, out, false);
    if (dtype == DType.BF16) {
      rowsAreTheSameInAnyNumber(dtype, in, out, true);
    }
  }

  /** Forward products are of the same bits where the processor's BF16 products are avoided. */
  @ParameterizedTest
  @CsvSource({"22,22", "65,33", "192,512", "600,40", "896,1152", "1100,130"})
  void pairsHaveTheBitsOfOneDnn(int in, int out) {
    if (!nativeBfloat16()) {
      System.out.println("NOT RUN: oneDNN's BF16 products: the processor has none");
      return;
    }
    float[][] results = new float[2][];
    for (int slow = 0; slow < 2; slow++) {
      Workers workers = new WorkerPool(2);
      DnnlGemm gemm = gemm(workers, slow == 1);
      try (Backend backend = new CpuBackend(workers, gemm);
          Workspace memory = backend.workspace("test")) {
        Tensor x = LinearTest.random(backend, memory, DType.BF16, 1, 100, in);
        Tensor y = memory.tensor(DType.F32, 100, out);
        Tensor master = LinearTest.random(backend, memory, DType.F32, 3, out, in);
        try (Linear w = backend.linear(master, DType.BF16)) {
          backend.linearForward(w, x, y, false);
          results[slow] = backend.readFloats(y);
        }
      }
    }
    assertArrayEquals(results[0], results[1]);
  }

  private static DnnlGemm gemm(Workers workers, boolean slowBfloat16) {
    return new DnnlGemm(workers, OneDnn.open(), slowBfloat16);
  }

  private static boolean nativeBfloat16() {
    OneDnn dnn = OneDnn.open();
    try {
      return dnn.multipliesBfloat16();
    } finally {
      dnn.close();
    }
  }

  private static void rowsAreTheSameInAnyNumber(
      DType dtype, int in, int out, boolean slowBfloat16) {
    // For the large shape, where sizes begin and end; for the others, all.
    int[] numbers =
        in * out > 1 << 18
            ? new int[] {1, 2, 3, 7, 8, 9, 13, 16, 17, 31, 63, 64, 65, 100, 127, 255, 511}
            : IntStream.rangeClosed(1, MOST_ROWS).toArray();
    float[][] expected = null;
    for (int threads = 1; threads <= 2; threads++) {
      Workers workers = new WorkerPool(threads);
      DnnlGemm gemm = gemm(workers, slowBfloat16);
      try (Backend backend = new CpuBackend(workers, gemm);
          Workspace memory = backend.workspace("test")) {
        Tensor x = LinearTest.random(backend, memory, dtype, 1, MOST_ROWS, in);
        Tensor dy = LinearTest.random(backend, memory, dtype, 2, MOST_ROWS, out);
        Tensor y = memory.tensor(dtype, MOST_ROWS, out);
        Tensor dx = memory.tensor(DType.F32, MOST_ROWS, in);
        Tensor master = LinearTest.random(backend, memory, DType.F32, 3, out, in);
        try (Linear w = backend.linear(master, dtype)) {
          backend.linearForward(w, x, y, false);
          backend.linearBackwardInput(w, dy, dx, false);
          if (expected == null) {
            expected = new float[][] {backend.readFloats(y), backend.readFloats(dx)};
          }
          for (int rows : numbers) {
            Tensor yRows = y.rows(0, rows);
            Tensor dxRows = dx.rows(0, rows);
            backend.linearForward(w, x.rows(0, rows), yRows, false);
            backend.linearBackwardInput(w, dy.rows(0, rows), dxRows, false);
            String what = rows + " rows by " + threads + " threads";
            same(what + ", forward", expected[0], backend.readFloats(yRows));
            same(what + ", backward", expected[1], backend.readFloats(dxRows));
          }
        }
      }
    }
  }

  private static void same(String what, float[] all, float[] rows) {
    int difference = Arrays.mismatch(all, 0, rows.length, rows, 0, rows.length);
    assertEquals(-1, difference, () -> what + ": the first element that differs");
  }
}
