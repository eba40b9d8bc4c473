package io.whetstone.cpu;

import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import io.whetstone.tensor.AdamWStep;
import io.whetstone.tensor.Backend;
import io.whetstone.tensor.CheckedBackend;
import io.whetstone.tensor.DType;
import io.whetstone.tensor.Linear;
import io.whetstone.tensor.Sampling;
import io.whetstone.tensor.Tensor;
import io.whetstone.tensor.Workspace;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Once compiled, a kernel allocates what handing its tasks out takes, however many numbers it works
 * on: no vectors, no rows.
 */
class AllocationTest {
  /** Of a call, where one vector that is an object for each row or so would already take more. */
  private static final long MOST_BYTES = 4096;

  private static final long PATIENCE_NANOSECONDS = 10_000_000_000L;
  private static final int ROWS = 48;
  private static final int IN = 192;
  private static final int VOCABULARY = 5000;

  private final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"F32", "BF16"})
  void kernelsAllocateNoNumbers(DType dtype) {
    Workers workers = new WorkerPool(1);
    DnnlGemm gemm = new DnnlGemm(workers, OneDnn.open());
    try (Backend backend = new CheckedBackend(new CpuBackend(workers, gemm));
        Workspace memory = backend.workspace("test")) {
      Tensor master = LinearTest.random(backend, memory, DType.F32, 1, VOCABULARY, IN);
      Tensor x = LinearTest.random(backend, memory, dtype, 2, ROWS, IN);
      Tensor z = LinearTest.random(backend, memory, dtype, 3, ROWS, VOCABULARY);
      Tensor logits = memory.tensor(DType.F32, ROWS, VOCABULARY);
      Tensor dx = memory.tensor(DType.F32, ROWS, IN);
      Tensor dw = memory.zeros(DType.F32, VOCABULARY, IN);
      Tensor[] outputs = new Tensor[3];
      Arrays.setAll(outputs, i -> memory.tensor(DType.F32, ROWS));
      int[] tokens = new int[ROWS];
      float[] ones = new float[ROWS];
      Arrays.fill(ones, 1);
      try (Linear w = backend.linear(master, dtype)) {
        backend.linearForward(w, x, logits, false);
        for (int rows : new int[] {1, ROWS}) {
          Tensor some = x.rows(0, rows);
          Tensor y = logits.rows(0, rows);
          allocatesLittle("forward", () -> backend.linearForward(w, some, y, false));
        }
        allocatesLittle("refresh", w::refresh);
        allocatesLittle("input", () -> backend.linearBackwardInput(w, z, dx, false));
        allocatesLittle("weight", () -> backend.linearBackwardWeight(x, z, dw));
        allocatesLittle(
            "logprobs",
            () -> backend.tokenLogprobs(w, x, tokens, 1, outputs[0], outputs[1], outputs[2]));
        allocatesLittle(
            "logprobs' backward",
            () ->
                backend.tokenLogprobsBackward(
                    w, x, tokens, 1, outputs[1], outputs[2], ones, ones, dx, dw));
      }
      backend.write(logits, backend.readFloats(z));
      double[] uniforms = new double[ROWS];
      Arrays.setAll(uniforms, r -> (r + 0.5) / ROWS);
      for (Sampling sampling :
          new Sampling[] {
            Sampling.PLAIN, Sampling.GREEDY, new Sampling(0.7f, 50, 0.9f, 0.01f, 3)
          }) {
        Sampling[] rows = new Sampling[ROWS];
        Arrays.fill(rows, sampling);
        allocatesLittle(
            sampling.toString(), () -> backend.sample(logits, rows, uniforms, tokens, ones));
      }
      Tensor m = memory.zeros(DType.F32, VOCABULARY, IN);
      Tensor v = memory.zeros(DType.F32, VOCABULARY, IN);
      AdamWStep step = new AdamWStep(1e-3, 0.9, 0.95, 1e-8, 0.1, 3, 1);
      allocatesLittle("adamW", () -> backend.adamW(master, dw, m, v, step));
      int blocks = Math.ceilDiv(VOCABULARY * IN, 256);
      Tensor mBlocks = memory.zeros(DType.DYNAMIC, blocks, 256);
      Tensor vBlocks = memory.zeros(DType.UDYNAMIC, blocks, 256);
      allocatesLittle("adamW in blocks", () -> backend.adamW(master, dw, mBlocks, vBlocks, step));
    }
  }

  /** Calls it until it is compiled. */
  private void allocatesLittle(String what, Runnable kernel) {
    long start = System.nanoTime();
    long bytes;
    do {
      long before = threads.getCurrentThreadAllocatedBytes();
      kernel.run();
      bytes = threads.getCurrentThreadAllocatedBytes() - before;
    } while (bytes > MOST_BYTES && System.nanoTime() - start < PATIENCE_NANOSECONDS);
    assertTrue(bytes <= MOST_BYTES, what + " allocates " + bytes + " bytes a call");
  }
}
