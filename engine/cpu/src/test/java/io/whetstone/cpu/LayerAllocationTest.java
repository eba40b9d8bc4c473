package io.whetstone.cpu;

import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import io.whetstone.tensor.AttentionForm;
import io.whetstone.tensor.Backend;
import io.whetstone.tensor.CachedRows;
import io.whetstone.tensor.CheckedBackend;
import io.whetstone.tensor.DType;
import io.whetstone.tensor.Gate;
import io.whetstone.tensor.Heads;
import io.whetstone.tensor.KvCache;
import io.whetstone.tensor.Segments;
import io.whetstone.tensor.Tensor;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Compiled kernels leave nothing on the heap that grows with their work. */
class LayerAllocationTest {
  /** A call's lambdas and its cuts of the batch; a vector that is boxed takes 96 bytes. */
  private static final long BYTES_PER_CALL = 6_000;

  /**
   * Attention may leave two vectors for each query, at the edges of what it sees, where the
   * compiler stops inlining there; were those of its inner loops boxed, it would be ten or a
   * hundred.
   */
  private static final long BYTES_PER_ATTENTION = BYTES_PER_CALL + 2 * 96 * 6 * 256;

  private static final int CALLS = 20;
  private static final long PATIENCE = 15_000_000_000L;

  private static final Heads HEADS = new Heads(6, 2, 32);
  private static final int ROWS = 256;

  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"F32", "BF16"})
  void hotKernelsAllocateNextToNothing(DType type) {
    Workers workers = new WorkerPool(1);
    try (Backend backend =
        new CheckedBackend(new CpuBackend(workers, new VectorGemm(workers, "asked for")))) {
      int columns = 192;
      Tensor x = tensor(DType.F32, ROWS, columns);
      Tensor y = tensor(type, ROWS, columns);
      Tensor weight = tensor(DType.F32, columns);
      Tensor dWeight = tensor(DType.F32, columns);
      Tensor dx = tensor(DType.F32, ROWS, columns);
      Tensor rstd = tensor(DType.F32, ROWS);
      check("rmsNorm", () -> backend.rmsNorm(x, weight, 1e-6f, 0, y, rstd));
      check("rmsNormBackward", () -> backend.rmsNormBackward(y, x, weight, 0, rstd, dx, dWeight));
      Tensor gateUp = tensor(type, ROWS, 2 * columns);
      for (Gate gate : Gate.values()) {
        check("gated " + gate, () -> backend.gated(gate, gateUp, y));
        Tensor dGateUp = tensor(type, ROWS, 2 * columns);
        check("gatedBackward " + gate, () -> backend.gatedBackward(gate, y, gateUp, dGateUp));
      }
      check("addBias", () -> backend.addBias(weight, y));
      check("addBiasBackward", () -> backend.addBiasBackward(y, dWeight));
      check("copy", () -> backend.copy(x, y));
      heads(backend, type);
    }
  }

  private void heads(Backend backend, DType type) {
    Tensor fused = tensor(type, ROWS, HEADS.fusedColumns());
    Tensor dFused = tensor(type, ROWS, HEADS.fusedColumns());
    Tensor out = tensor(type, ROWS, HEADS.outputColumns());
    Tensor logSumExp = tensor(DType.F32, ROWS, HEADS.queries());
    Tensor angles = tensor(DType.F32, ROWS, HEADS.size());
    Tensor weight = tensor(DType.F32, HEADS.size());
    Tensor dWeight = tensor(DType.F32, HEADS.size());
    Tensor rstd = tensor(DType.F32, ROWS, HEADS.queries() + HEADS.keyValues());
    int[] positions = new int[ROWS];
    Arrays.setAll(positions, r -> r);
    check("rope", () -> backend.rope(fused, HEADS, positions, angles, false));
    check("headNorm", () -> backend.headNorm(fused, HEADS, weight, weight, 1e-6f, 0, dFused, rstd));
    check(
        "headNormBackward",
        () ->
            backend.headNormBackward(
                dFused, fused, HEADS, weight, weight, 0, rstd, dFused, dWeight, dWeight));
    Segments segments =
        new Segments(new int[] {0, 96}, new int[] {96, 256}, new int[2], new int[] {0, 96});
    for (AttentionForm form :
        new AttentionForm[] {AttentionCase.plain(HEADS), new AttentionForm(0.2f, 30, 70)}) {
      check(
          "attention " + form,
          () -> backend.attention(fused, HEADS, segments, form, out, logSumExp));
      check(
          "attentionBackward " + form,
          () ->
              backend.attentionBackward(out, fused, HEADS, segments, form, out, logSumExp, dFused));
      try (KvCache cache = backend.kvCache(1, ROWS / 16, HEADS, type)) {
        check("cacheStore", () -> backend.cacheStore(fused, HEADS, cache, 0, positions));
        int[] pages = new int[ROWS / 16];
        Arrays.setAll(pages, p -> p);
        int[] length = new int[ROWS];
        Arrays.setAll(length, r -> r + 1);
        CachedRows rows = new CachedRows(new int[][] {pages}, new int[ROWS], length);
        check(
            "cachedAttention " + form,
            () -> backend.cachedAttention(fused, HEADS, cache, 0, rows, form, out));
      }
    }
  }

  /** Until the compiler is through, or patience is. */
  private static void check(String kernel, Runnable call) {
    long most = kernel.contains("ttention") ? BYTES_PER_ATTENTION : BYTES_PER_CALL;
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long end = System.nanoTime() + PATIENCE;
    long bytes;
    do {
      long before = threads.getCurrentThreadAllocatedBytes();
      for (int i = 0; i < CALLS; i++) {
        call.run();
      }
      bytes = (threads.getCurrentThreadAllocatedBytes() - before) / CALLS;
    } while (bytes > most && System.nanoTime() < end);
    long got = bytes;
    assertTrue(got <= most, () -> kernel + ": %,d bytes a call".formatted(got));
  }

  private static Tensor tensor(DType type, int... extents) {
    int size = 1;
    for (int extent : extents) {
      size *= extent;
    }
    float[] numbers = new float[size];
    for (int i = 0; i < size; i++) {
      numbers[i] = (i * 37 % 101 - 50) / 64f;
    }
    return AttentionCase.tensor(type, numbers, extents);
  }
}
