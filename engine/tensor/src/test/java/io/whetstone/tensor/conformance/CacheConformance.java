package io.whetstone.tensor.conformance;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.whetstone.tensor.AttentionForm;
import io.whetstone.tensor.CachedRows;
import io.whetstone.tensor.DType;
import io.whetstone.tensor.Heads;
import io.whetstone.tensor.KvCache;
import io.whetstone.tensor.Segments;
import io.whetstone.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Attention over the paged cache. */
interface CacheConformance extends Conformance {
  /** Three layers with numbers of their own, so that one read for another shows. */
  @Test
  default void cachedAttentionReadsWhatWasStored() {
    int layers = 3;
    for (Heads heads : AttentionCases.HEADS) {
      for (Segments segments : AttentionCases.SEGMENTS) {
        try (KvCache cache = cache(rig(), segments, heads, layers)) {
          PagedBatch batch = new PagedBatch(segments, cache, 7);
          for (int layer = 0; layer < layers; layer++) {
            double[] fused = AttentionCases.fused(layer, heads, segments.rows(), 2);
            batch.store(rig(), fused, heads, cache, layer);
          }
          for (int layer = 0; layer < layers; layer++) {
            double[] fused = AttentionCases.fused(layer, heads, segments.rows(), 2);
            float[] out = attend(rig(), fused, heads, cache, layer, batch.allRows());
            new ReferenceAttention(fused, heads, segments, AttentionCases.scale(heads))
                .forward()
                .out()
                .check(heads + ", " + segments.rows() + " rows, layer " + layer, out);
          }
        }
      }
    }
  }

  /** All rows at once (prefill), one by one (decode), some of them; pages in order or anywhere. */
  @Test
  default void cachedAttentionGivesTheBitsOfPackedAttention() {
    needsExact();
    for (Heads heads : List.of(new Heads(4, 2, 32), new Heads(3, 1, 10), new Heads(2, 2, 64))) {
      for (Segments segments : AttentionCases.LONG) {
        double[] fused = AttentionCases.fused(1, heads, segments.rows(), 2);
        for (Rig rig : rigs()) {
          float[] packed = packed(rig, fused, heads, segments);
          for (long layout : new long[] {0, 3, 4}) {
            try (KvCache cache = cache(rig, segments, heads, 1)) {
              PagedBatch batch = new PagedBatch(segments, cache, layout);
              batch.store(rig, fused, heads, cache, 0);
              float[] prefill = attend(rig, fused, heads, cache, 0, batch.allRows());
              assertArrayEquals(packed, prefill, heads + " prefill, layout " + layout);
              someRows(rig, fused, heads, cache, batch, packed, 1, 7);
              someRows(rig, fused, heads, cache, batch, packed, 5, 60);
            }
          }
        }
      }
    }
  }

  private static void someRows(
      Rig rig,
      double[] fused,
      Heads heads,
      KvCache cache,
      PagedBatch batch,
      float[] packed,
      int count,
      int step) {
    int columns = heads.outputColumns();
    int total = packed.length / columns;
    for (int first = 0; first + (count - 1) * 11 < total; first += step) {
      Integer[] rows = new Integer[count];
      float[] expected = new float[count * columns];
      for (int i = 0; i < count; i++) {
        rows[i] = first + (count - 1 - i) * 11;
        System.arraycopy(packed, rows[i] * columns, expected, i * columns, columns);
      }
      int[] picked = Arrays.stream(rows).mapToInt(r -> r).toArray();
      double[] own = AttentionCases.rows(fused, heads.fusedColumns(), picked);
      float[] out = attend(rig, own, heads, cache, 0, batch.rows(List.of(rows)));
      assertArrayEquals(expected, out, heads + " rows " + Arrays.toString(rows));
    }
  }

  /** Two sequences fork inside a page: each goes on alone, neither sees the other's token. */
  @Test
  default void copiedPagesAreIndependent() {
    Heads heads = new Heads(4, 2, 16);
    int columns = heads.fusedColumns();
    try (KvCache cache = rig().backend().kvCache(2, 4, heads, DType.F32)) {
      int size = cache.pageSize();
      int length = size + Math.max(1, size / 2);
      double[] prompt = AttentionCases.fused(2, heads, length - 1, 1);
      double[] one = AttentionCases.fused(3, heads, 1, 1);
      double[] other = AttentionCases.fused(4, heads, 1, 1);
      int[] slots = new int[length - 1];
      for (int p = 0; p < slots.length; p++) {
        slots[p] = p < size ? 2 * size + p : p - size;
      }
      for (int layer = 0; layer < 2; layer++) {
        Tensor fused = rig().input(prompt, length - 1, columns);
        rig().backend().cacheStore(fused, heads, cache, layer, slots);
      }
      cache.copyPage(0, 3);
      int last = length - 1 - size;
      for (int layer = 0; layer < 2; layer++) {
        rig()
            .backend()
            .cacheStore(rig().input(one, 1, columns), heads, cache, layer, new int[] {last});
        rig()
            .backend()
            .cacheStore(
                rig().input(other, 1, columns), heads, cache, layer, new int[] {3 * size + last});
        CachedRows rows =
            new CachedRows(
                new int[][] {{2, 0}, {2, 3}}, new int[] {0, 1}, new int[] {length, length});
        float[] out = attend(rig(), join(one, other), heads, cache, layer, rows);
        int width = heads.outputColumns();
        lastRow(join(prompt, one), heads).check("original", Arrays.copyOf(out, width));
        lastRow(join(prompt, other), heads)
            .check("copy", Arrays.copyOfRange(out, width, 2 * width));
      }
    }
  }

  /** A slot that is stored again holds the new position: pages are reused. */
  @Test
  default void slotsAreOverwritten() {
    Heads heads = new Heads(2, 1, 6);
    try (KvCache cache = rig().backend().kvCache(1, 2, heads, DType.F32)) {
      assertEquals(2, cache.pages());
      assertTrue(cache.pageSize() >= 1);
      assertTrue(cache.bytes() >= 2L * cache.pageSize() * 2 * heads.size() * 4);
      for (long key = 5; key < 8; key++) {
        double[] fused = AttentionCases.fused(key, heads, 1, 1);
        Tensor tensor = rig().input(fused, 1, heads.fusedColumns());
        int[] slot = {cache.pageSize()};
        rig().backend().cacheStore(tensor, heads, cache, 0, slot);
        CachedRows rows = new CachedRows(new int[][] {{1}}, new int[] {0}, new int[] {1});
        lastRow(fused, heads).check("key " + key, attend(rig(), fused, heads, cache, 0, rows));
      }
    }
  }

  private static KvCache cache(Rig rig, Segments segments, Heads heads, int layers) {
    int pageSize;
    try (KvCache probe = rig.backend().kvCache(1, 1, heads, DType.F32)) {
      pageSize = probe.pageSize();
    }
    int pages = PagedBatch.pagesNeeded(segments, pageSize) + 3;
    return rig.backend().kvCache(layers, pages, heads, DType.F32);
  }

  private static float[] attend(
      Rig rig, double[] fused, Heads heads, KvCache cache, int layer, CachedRows rows) {
    Tensor out = rig.output(rows.rows(), heads.outputColumns());
    Tensor input = rig.input(fused, rows.rows(), heads.fusedColumns());
    AttentionForm form = AttentionForm.scaled((float) AttentionCases.scale(heads));
    rig.backend().cachedAttention(input, heads, cache, layer, rows, form, out);
    return rig.get(out);
  }

  private static float[] packed(Rig rig, double[] fused, Heads heads, Segments segments) {
    int rows = segments.rows();
    Tensor out = rig.output(rows, heads.outputColumns());
    rig.backend()
        .attention(
            rig.input(fused, rows, heads.fusedColumns()),
            heads,
            segments,
            AttentionForm.scaled((float) AttentionCases.scale(heads)),
            out,
            rig.output(rows, heads.queries()));
    return rig.get(out);
  }

  /** Attention of the last row over all of a sequence. */
  private static Expected lastRow(double[] fused, Heads heads) {
    int rows = fused.length / heads.fusedColumns();
    Expected all =
        new ReferenceAttention(fused, heads, Segments.ofLengths(rows), AttentionCases.scale(heads))
            .forward()
            .out();
    Expected last = new Expected(heads.outputColumns());
    for (int c = 0; c < heads.outputColumns(); c++) {
      int i = (rows - 1) * heads.outputColumns() + c;
      last.add(c, all.value(i), all.magnitude(i));
    }
    return last;
  }

  private static double[] join(double[] first, double[] second) {
    double[] joined = Arrays.copyOf(first, first.length + second.length);
    System.arraycopy(second, 0, joined, first.length, second.length);
    return joined;
  }
}
