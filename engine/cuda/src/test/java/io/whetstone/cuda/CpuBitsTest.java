package io.whetstone.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.whetstone.tensor.AdamWStep;
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

/** What takes each element by itself gives the cpu backend's bits. */
class CpuBitsTest {
  private static final DType[] TYPES = {DType.F32, DType.BF16};
  private static final int SIZE = 50_003;

  /** A backend with memory and numbers. */
  private record Device(Backend backend, Workspace memory) {
    static Device of(Backend backend) {
      return new Device(backend, backend.workspace("test"));
    }

    Tensor tensor(DType type, float[] numbers, int... extents) {
      Tensor tensor = memory.tensor(type, extents);
      backend.write(tensor, numbers);
      return tensor;
    }

    Tensor normal(DType type, long key, double deviation, int... extents) {
      int size = IntStream.of(extents).reduce(1, (a, b) -> a * b);
      float[] numbers = new float[size];
      for (int i = 0; i < size; i++) {
        numbers[i] = (float) (deviation * Philox.normal(key, i));
      }
      return tensor(type, numbers, extents);
    }

    void close() {
      memory.close();
      backend.close();
    }
  }

  private StandIn standIn;
  private Device cpu;
  private Device gpu;

  @BeforeEach
  void open() {
    standIn = StandIn.fast();
    gpu = Device.of(new CudaBackendProvider().open(1));
    cpu = Device.of(Backends.open("cpu", 1));
  }

  @AfterEach
  void close() {
    if (gpu != null) {
      gpu.close();
      cpu.close();
      assertEquals("", standIn.reports());
    }
  }

  /** The call's result, read, is the same on both. */
  private void same(String what, Function<Device, Tensor> call) {
    float[] expected = cpu.backend().readFloats(call.apply(cpu));
    float[] got = gpu.backend().readFloats(call.apply(gpu));
    assertArrayEquals(expected, got, what);
  }

  @Test
  void conversions() {
    float[] any = new float[SIZE];
    for (int i = 0; i < SIZE; i++) {
      any[i] = Float.intBitsToFloat((int) Philox.bits(1, i));
    }
    same(
        "rounded",
        d -> {
          Tensor y = d.memory().tensor(DType.BF16, SIZE);
          d.backend().copy(d.tensor(DType.F32, any, SIZE), y);
          return y;
        });
    same("written", d -> d.tensor(DType.BF16, any, SIZE));
    same(
        "widened",
        d -> {
          Tensor y = d.memory().tensor(DType.F32, SIZE);
          d.backend().copy(d.tensor(DType.BF16, any, SIZE), y);
          return y;
        });
  }

  @Test
  void softCaps() {
    for (float cap : new float[] {1, 30, 50}) {
      same(
          "cap " + cap,
          d -> {
            Tensor x = d.normal(DType.F32, 2, 2 * cap, SIZE);
            d.backend().softCap(x, cap);
            return x;
          });
    }
  }

  @Test
  void gates() {
    int n = 1003;
    int rows = 20;
    for (DType type : TYPES) {
      for (Gate gate : Gate.values()) {
        same(
            gate + " " + type,
            d -> {
              Tensor y = d.memory().tensor(type, rows, n);
              d.backend().gated(gate, d.normal(type, 3, 5, rows, 2 * n), y);
              return y;
            });
        same(
            gate + " backward " + type,
            d -> {
              Tensor dx = d.memory().tensor(type, rows, 2 * n);
              Tensor dy = d.normal(type, 4, 1, rows, n);
              d.backend().gatedBackward(gate, dy, d.normal(type, 3, 5, rows, 2 * n), dx);
              return dx;
            });
      }
    }
  }

  @Test
  void rotations() {
    Heads heads = new Heads(6, 2, 40);
    int rows = 100;
    int[] positions = IntStream.range(0, rows).map(r -> Philox.below(5, r, 64)).toArray();
    for (DType type : TYPES) {
      for (boolean inverse : new boolean[] {false, true}) {
        same(
            "rope " + type,
            d -> {
              Tensor x = d.normal(type, 6, 1, rows, heads.fusedColumns());
              Tensor table = d.normal(DType.F32, 7, 1, 64, heads.size());
              d.backend().rope(x, heads, positions, table, inverse);
              return x;
            });
      }
    }
  }

  @Test
  void optimizerSteps() {
    for (int result = 0; result < 3; result++) {
      int wanted = result;
      same(
          "AdamW's result " + result,
          d -> {
            Tensor w = d.normal(DType.F32, 8, 1, SIZE);
            Tensor m = d.memory().zeros(DType.F32, SIZE);
            Tensor v = d.memory().zeros(DType.F32, SIZE);
            for (int step = 1; step < 4; step++) {
              Tensor g = d.normal(DType.F32, 8 + step, 1e-3, SIZE);
              d.backend().adamW(w, g, m, v, new AdamWStep(1e-3, 0.9, 0.95, 1e-8, 0.1, step, 0.7));
            }
            return wanted == 0 ? w : wanted == 1 ? m : v;
          });
    }
  }

  @Test
  void optimizerStepsInBlocks() {
    int blocks = Math.ceilDiv(SIZE, 256);
    for (int result = 0; result < 3; result++) {
      int wanted = result;
      same(
          "AdamW's result " + result + " with moments in blocks",
          d -> {
            Tensor w = d.normal(DType.F32, 8, 1, SIZE);
            Tensor m = d.memory().zeros(DType.DYNAMIC, blocks, 256);
            Tensor v = d.memory().zeros(DType.UDYNAMIC, blocks, 256);
            for (int step = 1; step < 4; step++) {
              Tensor g = d.normal(DType.F32, 8 + step, 1e-3, SIZE);
              d.backend().adamW(w, g, m, v, new AdamWStep(1e-3, 0.9, 0.95, 1e-8, 0.1, step, 0.7));
            }
            return wanted == 0 ? w : wanted == 1 ? m : v;
          });
    }
  }

  @Test
  void dropoutAndColumns() {
    int rows = 37;
    int columns = 131;
    long[] keys = IntStream.range(0, rows).mapToLong(r -> Philox.bits(9, r)).toArray();
    for (DType type : TYPES) {
      same(
          "dropout " + type,
          d -> {
            Tensor x = d.normal(type, 10, 1, rows, columns);
            d.backend().dropout(x, 0.3, keys, x);
            return x;
          });
      same(
          "addColumns " + type,
          d -> {
            Tensor y = d.normal(type, 11, 1, rows, 2 * columns);
            d.backend().addColumns(d.normal(DType.F32, 12, 1, rows, columns), y, 60);
            return y;
          });
      same(
          "addBias " + type,
          d -> {
            Tensor y = d.normal(type, 13, 1, rows, columns);
            d.backend().addBias(d.normal(DType.F32, 14, 1, columns), y);
            return y;
          });
    }
  }

  @Test
  void embeddings() {
    int columns = 512;
    int[] ids = IntStream.range(0, 200).map(i -> Philox.below(15, i, 50)).toArray();
    for (DType type : new DType[] {DType.F32, DType.BF16, DType.Q8_0, DType.Q4_K, DType.Q6_K}) {
      same(
          "embedding " + type,
          d -> {
            Tensor y = d.memory().tensor(DType.F32, ids.length, columns);
            d.backend().embedding(ids, d.normal(type, 16, 0.1, 50, columns), y);
            return y;
          });
    }
    same(
        "embeddingBackward",
        d -> {
          Tensor dTable = d.normal(DType.F32, 17, 1, 50, columns);
          Tensor dy = d.normal(DType.F32, 18, 1, ids.length, columns);
          d.backend().embeddingBackward(ids, dy, dTable);
          return dTable;
        });
  }
}
