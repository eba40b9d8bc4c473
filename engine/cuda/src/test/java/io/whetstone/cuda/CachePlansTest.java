package io.whetstone.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.whetstone.tensor.AttentionForm;
import io.whetstone.tensor.CachedRows;
import io.whetstone.tensor.DType;
import io.whetstone.tensor.Heads;
import io.whetstone.tensor.KvCache;
import io.whetstone.tensor.Philox;
import io.whetstone.tensor.Segments;
import io.whetstone.tensor.Tensor;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** Decoding step after step: what is kept from layer to layer, and replayed from step to step. */
class CachePlansTest {
  private static final Heads HEADS = new Heads(4, 2, 16);
  private static final AttentionForm FORM = AttentionForm.scaled(0.3f);
  private static final int SEQUENCES = 3;
  private static final int LAYERS = 12;

  /** Into a second chunk on the way. */
  private static final int FIRST = 250;

  private static final int STEPS = 12;
  private static final int LONGEST = FIRST + STEPS;

  @Test
  void stepsAreReplayedAndRight() {
    StandIn standIn = StandIn.fast();
    Gpu gpu = standIn.open();
    try (CudaBackend backend = new CudaBackend(gpu, 1);
        CudaWorkspace memory = new CudaWorkspace(gpu, "test", false);
        KvCache cache =
            backend.kvCache(
                1, SEQUENCES * Math.ceilDiv(LONGEST, AttentionItems.TILE), HEADS, DType.BF16)) {
      int pages = cache.pages() / SEQUENCES;
      float[][] packed = new float[SEQUENCES][];
      Tensor[] fused = new Tensor[SEQUENCES];
      int[][] itsPages = new int[SEQUENCES][pages];
      for (int s = 0; s < SEQUENCES; s++) {
        int first = s * pages;
        Arrays.setAll(itsPages[s], p -> first + p);
        fused[s] = numbers(backend, memory, s);
        int[] slots = new int[LONGEST];
        Arrays.setAll(slots, p -> first * AttentionItems.TILE + p);
        backend.cacheStore(fused[s], HEADS, cache, 0, slots);
        Tensor out = memory.tensor(DType.BF16, LONGEST, HEADS.outputColumns());
        Tensor logs = memory.tensor(DType.F32, LONGEST, HEADS.queries());
        backend.attention(fused[s], HEADS, Segments.ofLengths(LONGEST), FORM, out, logs);
        packed[s] = backend.readFloats(out);
      }
      Tensor queries = memory.tensor(DType.BF16, SEQUENCES, HEADS.fusedColumns());
      Tensor out = memory.tensor(DType.BF16, SEQUENCES, HEADS.outputColumns());
      // The same arrays again: a plan must not be kept for what they held.
      int[] lengths = new int[SEQUENCES];
      CachedRows rows = new CachedRows(itsPages, new int[] {0, 1, 2}, lengths);
      for (int step = 0; step < STEPS; step++) {
        for (int s = 0; s < SEQUENCES; s++) {
          lengths[s] = FIRST + step - 20 * s;
          backend.copy(fused[s].rows(lengths[s] - 1, lengths[s]), queries.rows(s, s + 1));
        }
        gpu.queue().synchronize();
        for (int layer = 0; layer < LAYERS; layer++) {
          backend.cachedAttention(queries, HEADS, cache, 0, rows, FORM, out);
        }
        float[] got = backend.readFloats(out);
        for (int s = 0; s < SEQUENCES; s++) {
          int columns = HEADS.outputColumns();
          assertArrayEquals(
              Arrays.copyOfRange(packed[s], (lengths[s] - 1) * columns, lengths[s] * columns),
              Arrays.copyOfRange(got, s * columns, (s + 1) * columns),
              "step " + step + ", sequence " + s);
        }
      }
      long replayed = gpu.queue().replays().replayed();
      assertTrue(replayed >= STEPS / 2, replayed + " of " + STEPS + " steps were replayed");
    }
    assertEquals("", standIn.reports());
  }

  private static Tensor numbers(CudaBackend backend, CudaWorkspace memory, int key) {
    float[] numbers = new float[LONGEST * HEADS.fusedColumns()];
    for (int i = 0; i < numbers.length; i++) {
      numbers[i] = (float) Philox.normal(key, i);
    }
    Tensor tensor = memory.tensor(DType.BF16, LONGEST, HEADS.fusedColumns());
    backend.write(tensor, numbers);
    return tensor;
  }
}
