package io.whetstone.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.whetstone.tensor.Backend;
import io.whetstone.tensor.Backends;
import io.whetstone.tensor.DType;
import io.whetstone.tensor.Linear;
import io.whetstone.tensor.Philox;
import io.whetstone.tensor.Tensor;
import io.whetstone.tensor.Workspace;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The three products against sums in double, over awkward sizes. */
class LinearTest {
  @ParameterizedTest
  @CsvSource({"1,1,1", "2,3,5", "7,128,22", "37,17,33", "130,64,100", "600,48,40"})
  void productsAreRight(int rows, int in, int out) {
    try (Backend backend = Backends.open("cpu", 2);
        Workspace memory = backend.workspace("test")) {
      Tensor x = random(backend, memory, DType.F32, 1, rows, in);
      Tensor w = random(backend, memory, DType.F32, 2, out, in);
      Tensor y = random(backend, memory, DType.F32, 3, rows, out);
      float[] xs = backend.readFloats(x);
      float[] ws = backend.readFloats(w);
      float[] ys = backend.readFloats(y);
      double[] expected = new double[rows * out];
      double[] dxs = new double[rows * in];
      double[] dws = new double[out * in];
      for (int r = 0; r < rows; r++) {
        for (int n = 0; n < out; n++) {
          for (int k = 0; k < in; k++) {
            expected[r * out + n] += (double) xs[r * in + k] * ws[n * in + k];
            dxs[r * in + k] += (double) ys[r * out + n] * ws[n * in + k];
            dws[n * in + k] += (double) ys[r * out + n] * xs[r * in + k];
          }
        }
      }
      try (Linear linear = backend.linear(w, DType.F32)) {
        Tensor z = memory.tensor(DType.F32, rows, out);
        backend.linearForward(linear, x, z, false);
        close(expected, 1, backend.readFloats(z));
        backend.linearForward(linear, x, z, true);
        close(expected, 2, backend.readFloats(z));
        Tensor dx = memory.tensor(DType.F32, rows, in);
        backend.linearBackwardInput(linear, y, dx, false);
        close(dxs, 1, backend.readFloats(dx));
        backend.linearBackwardInput(linear, y, dx, true);
        close(dxs, 2, backend.readFloats(dx));
        Tensor dw = memory.zeros(DType.F32, out, in);
        backend.linearBackwardWeight(x, y, dw);
        backend.linearBackwardWeight(x, y, dw);
        close(dws, 2, backend.readFloats(dw));
      }
    }
  }

  static Tensor random(
      Backend backend, Workspace memory, DType dtype, long key, int rows, int columns) {
    Tensor tensor = memory.tensor(dtype, rows, columns);
    float[] values = new float[rows * columns];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (2 * Philox.uniform(key, i) - 1);
    }
    backend.write(tensor, values);
    return tensor;
  }

  private static void close(double[] expected, int times, float[] got) {
    for (int i = 0; i < got.length; i++) {
      assertEquals(times * expected[i], got[i], 1e-4, "element " + i);
    }
  }
}
