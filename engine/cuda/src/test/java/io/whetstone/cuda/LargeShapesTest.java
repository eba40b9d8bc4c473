package io.whetstone.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.whetstone.tensor.Backend;
import io.whetstone.tensor.Backends;
import io.whetstone.tensor.DType;
import io.whetstone.tensor.Gate;
import io.whetstone.tensor.Heads;
import io.whetstone.tensor.Philox;
import io.whetstone.tensor.Tensor;
import io.whetstone.tensor.Workspace;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * More rows than a grid has in its second dimension (65,535), rows longer than a block's threads
 * and pieces take at once, sums over many chunks: against the cpu backend.
 */
class LargeShapesTest {
  private static final int MANY = 66_001;
  private static final int LONG = 70_007;

  private StandIn standIn;
  private Backend cpu;
  private Backend gpu;

  @BeforeEach
  void open() {
    standIn = StandIn.fast();
    gpu = new CudaBackendProvider().open(1);
    cpu = Backends.open("cpu", 2);
  }

  @AfterEach
  void close() {
    if (gpu != null) {
      gpu.close();
      cpu.close();
      assertEquals("", standIn.reports());
    }
  }

  private record Device(Backend backend, Workspace memory) {
    Tensor normal(DType type, long key, int... extents) {
      Tensor tensor = memory.tensor(type, extents);
      float[] numbers = new float[Math.toIntExact(tensor.size())];
      for (int i = 0; i < numbers.length; i++) {
        // Cheaper than normal numbers, of which there would be millions.
        numbers[i] = (int) (i * 0x9E3779B97F4A7C15L + key >>> 20) * 0x1p-30f;
      }
      backend.write(tensor, numbers);
      return tensor;
    }
  }

  private void near(String what, double tolerance, Function<Device, Tensor> call) {
    float[] expected = result(cpu, call);
    float[] got = result(gpu, call);
    assertEquals(expected.length, got.length);
    for (int i = 0; i < got.length; i++) {
      if (!(Math.abs(expected[i] - got[i]) <= tolerance * (1 + Math.abs(expected[i])))) {
        assertEquals(expected[i], got[i], what + ": element " + i + " of " + got.length);
      }
    }
  }

  private static float[] result(Backend backend, Function<Device, Tensor> call) {
    try (Workspace memory = backend.workspace("test")) {
      return backend.readFloats(call.apply(new Device(backend, memory)));
    }
  }

  @Test
  void manyRows() {
    int[] picked = IntStream.range(0, MANY).map(r -> Philox.below(1, r, 1000)).toArray();
    near(
        "gatherRows",
        0,
        d -> {
          Tensor y = d.memory().tensor(DType.F32, MANY, 3);
          d.backend().gatherRows(d.normal(DType.F32, 1, 1000, 3), picked, y);
          return y;
        });
    near(
        "scatterAddRows",
        0,
        d -> {
          Tensor dx = d.normal(DType.F32, 2, 1000, 3);
          d.backend().scatterAddRows(d.normal(DType.F32, 3, MANY, 3), picked, dx);
          return dx;
        });
    near(
        "rows scattered to as many",
        0,
        d -> {
          Tensor dx = d.normal(DType.F32, 2, MANY, 2);
          int[] all = Philox.permutation(3, MANY);
          d.backend().scatterAddRows(d.normal(DType.F32, 3, MANY, 2), all, dx);
          return dx;
        });
    near(
        "gated",
        0,
        d -> {
          Tensor y = d.memory().tensor(DType.BF16, MANY, 5);
          d.backend().gated(Gate.SILU, d.normal(DType.BF16, 4, MANY, 10), y);
          return y;
        });
    near(
        "addBias",
        0,
        d -> {
          Tensor y = d.normal(DType.F32, 5, MANY, 4);
          d.backend().addBias(d.normal(DType.F32, 6, 4), y);
          return y;
        });
  }

  /** Sums by chunks are nearer to the true ones than the cpu backend's from row to row. */
  @Test
  void manyRowsAreSummed() {
    for (DType type : new DType[] {DType.F32, DType.BF16}) {
      try (Workspace memory = gpu.workspace("test")) {
        Device device = new Device(gpu, memory);
        Tensor dy = device.normal(type, 7, MANY, 5);
        Tensor dBias = device.normal(DType.F32, 8, 5);
        float[] numbers = gpu.readFloats(dy);
        float[] before = gpu.readFloats(dBias);
        double[] sums = new double[5];
        double[] terms = new double[5];
        for (int i = 0; i < numbers.length; i++) {
          sums[i % 5] += numbers[i];
          terms[i % 5] += Math.abs(numbers[i]);
        }
        gpu.addBiasBackward(dy, dBias);
        float[] got = gpu.readFloats(dBias);
        for (int c = 0; c < 5; c++) {
          assertEquals(before[c] + sums[c], got[c], 1e-6 * terms[c], type + " column " + c);
        }
      }
    }
  }

  @Test
  void manyRowsAreNormalised() {
    near(
        "rmsNorm",
        1e-6,
        d -> {
          Tensor y = d.memory().tensor(DType.F32, MANY, 4);
          Tensor rstd = d.memory().tensor(DType.F32, MANY);
          d.backend()
              .rmsNorm(
                  d.normal(DType.F32, 9, MANY, 4), d.normal(DType.F32, 10, 4), 1e-6f, 0, y, rstd);
          return y;
        });
    near(
        "rmsNormBackward's weight",
        1e-4,
        d -> {
          Tensor dWeight = d.normal(DType.F32, 11, 4);
          d.backend()
              .rmsNormBackward(
                  d.normal(DType.F32, 12, MANY, 4),
                  d.normal(DType.F32, 13, MANY, 4),
                  d.normal(DType.F32, 10, 4),
                  0,
                  d.normal(DType.F32, 14, MANY),
                  d.normal(DType.F32, 15, MANY, 4),
                  dWeight);
          return dWeight;
        });
    Heads heads = new Heads(2, 1, 2);
    int[] positions = IntStream.range(0, MANY).map(r -> r % 50).toArray();
    near(
        "rope",
        0,
        d -> {
          Tensor x = d.normal(DType.F32, 16, MANY, heads.fusedColumns());
          d.backend().rope(x, heads, positions, d.normal(DType.F32, 17, 50, 2), true);
          return x;
        });
  }

  @Test
  void longRows() {
    near(
        "gatedBackward",
        0,
        d -> {
          Tensor dx = d.memory().tensor(DType.BF16, 1, 2 * LONG);
          Tensor x = d.normal(DType.BF16, 18, 1, 2 * LONG);
          d.backend().gatedBackward(Gate.GELU_TANH, d.normal(DType.BF16, 19, 1, LONG), x, dx);
          return dx;
        });
    near(
        "dropout",
        0,
        d -> {
          Tensor x = d.normal(DType.F32, 20, 2, LONG);
          d.backend().dropout(x, 0.5, new long[] {1, -7}, x);
          return x;
        });
    near(
        "rmsNorm",
        1e-5,
        d -> {
          Tensor y = d.memory().tensor(DType.F32, 2, LONG);
          Tensor rstd = d.memory().tensor(DType.F32, 2);
          Tensor weight = d.normal(DType.F32, 21, LONG);
          d.backend().rmsNorm(d.normal(DType.F32, 22, 2, LONG), weight, 1e-6f, 1, y, rstd);
          return y;
        });
    for (int columns : new int[] {257, 5120, 12_288, LONG}) {
      longNormBackward(columns);
    }
  }

  /** Each kind of kernel, and what it keeps but in part. */
  private void longNormBackward(int columns) {
    for (boolean weight : new boolean[] {false, true}) {
      near(
          "rmsNormBackward of " + columns + (weight ? ", the weight's" : ""),
          1e-5,
          d -> {
            Tensor dx = d.normal(DType.F32, 23, 3, columns);
            Tensor dWeight = d.normal(DType.F32, 28, columns);
            d.backend()
                .rmsNormBackward(
                    d.normal(DType.BF16, 24, 3, columns),
                    d.normal(DType.F32, 25, 3, columns),
                    d.normal(DType.F32, 26, columns),
                    1,
                    d.normal(DType.F32, 27, 3),
                    dx,
                    dWeight);
            return weight ? dWeight : dx;
          });
    }
  }

  /** One norm over all queries, longer than a group's registers. */
  @Test
  void longHeadNorms() {
    Heads heads = new Heads(66, 1, 128);
    for (DType type : new DType[] {DType.F32, DType.BF16}) {
      double tolerance = type == DType.F32 ? 1e-5 : 0x1p-7;
      for (boolean backward : new boolean[] {false, true}) {
        near(
            "headNorm" + (backward ? "Backward" : "") + " in " + type,
            tolerance,
            d -> {
              Tensor fused = d.normal(type, 30, 5, heads.fusedColumns());
              Tensor query = d.normal(DType.F32, 31, 66 * 128);
              Tensor key = d.normal(DType.F32, 32, 128);
              Tensor normed = d.memory().tensor(type, 5, heads.fusedColumns());
              Tensor rstd = d.memory().tensor(DType.F32, 5, 2);
              d.backend().headNorm(fused, heads, query, key, 1e-6f, 1, normed, rstd);
              if (!backward) {
                return normed;
              }
              Tensor dNormed = d.normal(type, 33, 5, heads.fusedColumns());
              Tensor dQuery = d.memory().zeros(DType.F32, 66 * 128);
              Tensor dKey = d.memory().zeros(DType.F32, 128);
              d.backend()
                  .headNormBackward(
                      dNormed, fused, heads, query, key, 1, rstd, dNormed, dQuery, dKey);
              return dNormed;
            });
      }
    }
  }

  /** Several chunks, and a number of them that fills no block. */
  @Test
  void longArrays() {
    int size = 3_000_001;
    try (Workspace memory = gpu.workspace("test")) {
      Tensor x = new Device(gpu, memory).normal(DType.F32, 29, size);
      double expected = 0;
      float[] numbers = gpu.readFloats(x);
      for (float number : numbers) {
        expected += (double) number * number;
      }
      assertEquals(expected, gpu.sumOfSquares(x), 1e-12 * expected);
      assertTrue(gpu.allFinite(x));
      numbers[size - 1] = Float.NEGATIVE_INFINITY;
      gpu.write(x, numbers);
      assertTrue(!gpu.allFinite(x));
    }
  }
}
