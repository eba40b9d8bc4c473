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
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Attention over the paged cache. */
interface CacheConformance extends Conformance {
  /** Three layers with numbers of their own, so that one read for another shows. */
  @Test
  default void cachedAttentionReadsWhatWasStored() {
    for (DType type : computeTypes()) {
      for (Heads heads : AttentionCases.HEADS) {
        for (Segments segments : AttentionCases.SEGMENTS) {
          readsWhatWasStored(type, heads, segments, AttentionCases.plain(heads));
        }
        AttentionForm both = AttentionCases.forms(heads).getLast();
        readsWhatWasStored(type, heads, AttentionCases.SEGMENTS.getLast(), both);
        readsWhatWasStored(type, heads, Segments.ofLengths(65), both);
      }
    }
  }

  private void readsWhatWasStored(DType type, Heads heads, Segments segments, AttentionForm form) {
    int layers = 3;
    try (KvCache cache = cache(rig(), type, segments, heads, layers)) {
      PagedBatch batch = new PagedBatch(segments, cache, 7);
      for (int layer = 0; layer < layers; layer++) {
        double[] fused = AttentionCases.fused(layer, heads, segments.rows(), 2);
        batch.store(rig(), type, fused, heads, cache, layer);
      }
      for (int layer = 0; layer < layers; layer++) {
        double[] fused = Numbers.as(type, AttentionCases.fused(layer, heads, segments.rows(), 2));
        float[] out = attend(rig(), type, fused, heads, cache, layer, batch.allRows(), form);
        new ReferenceAttention(fused, heads, segments, form)
            .forward()
            .out()
            .check(
                "%s, %s, %s, %d rows, layer %d"
                    .formatted(type, heads, form, segments.rows(), layer),
                out,
                type);
      }
    }
  }

  /** All rows at once (prefill), one by one (decode), some of them; pages in order or anywhere. */
  @Test
  default void cachedAttentionGivesTheBitsOfPackedAttention() {
    needsExact();
    for (DType type : computeTypes()) {
      for (Heads heads : List.of(new Heads(4, 2, 32), new Heads(3, 1, 10), new Heads(2, 2, 64))) {
        for (AttentionForm form : AttentionCases.forms(heads)) {
          // All packings in the plain form; one that shares prompts in the others.
          int from = form.equals(AttentionCases.plain(heads)) ? 0 : AttentionCases.LONG.size() - 1;
          for (int s = from; s < AttentionCases.LONG.size(); s++) {
            givesTheBitsOfPackedAttention(type, heads, AttentionCases.LONG.get(s), form);
          }
        }
      }
    }
  }

  private void givesTheBitsOfPackedAttention(
      DType type, Heads heads, Segments segments, AttentionForm form) {
    double[] fused = AttentionCases.fused(1, heads, segments.rows(), 2);
    for (Rig rig : rigs()) {
      float[] packed = packed(rig, type, fused, heads, segments, form);
      for (long layout : new long[] {0, 3, 4}) {
        try (KvCache cache = cache(rig, type, segments, heads, 1)) {
          PagedBatch batch = new PagedBatch(segments, cache, layout);
          batch.store(rig, type, fused, heads, cache, 0);
          float[] prefill = attend(rig, type, fused, heads, cache, 0, batch.allRows(), form);
          String what = "%s, %s, %s, layout %d".formatted(type, heads, form, layout);
          assertArrayEquals(packed, prefill, what);
          someRows(rig, type, fused, heads, cache, batch, form, packed, 1, 7);
          someRows(rig, type, fused, heads, cache, batch, form, packed, 5, 60);
        }
      }
    }
  }

  private static void someRows(
      Rig rig,
      DType type,
      double[] fused,
      Heads heads,
      KvCache cache,
      PagedBatch batch,
      AttentionForm form,
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
      float[] out = attend(rig, type, own, heads, cache, 0, batch.rows(List.of(rows)), form);
      assertArrayEquals(expected, out, heads + ", " + form + " rows " + Arrays.toString(rows));
    }
  }

  /** Two sequences fork inside a page: each goes on alone, neither sees the other's token. */
  @Test
  default void copiedPagesAreIndependent() {
    for (DType type : computeTypes()) {
      copiedPagesAreIndependent(type);
    }
  }

  private void copiedPagesAreIndependent(DType type) {
    Heads heads = new Heads(4, 2, 16);
    int columns = heads.fusedColumns();
    try (KvCache cache = rig().backend().kvCache(2, 4, heads, type)) {
      int size = cache.pageSize();
      int length = size + Math.max(1, size / 2);
      double[] prompt = Numbers.as(type, AttentionCases.fused(2, heads, length - 1, 1));
      double[] one = Numbers.as(type, AttentionCases.fused(3, heads, 1, 1));
      double[] other = Numbers.as(type, AttentionCases.fused(4, heads, 1, 1));
      int[] slots = new int[length - 1];
      for (int p = 0; p < slots.length; p++) {
        slots[p] = p < size ? 2 * size + p : p - size;
      }
      for (int layer = 0; layer < 2; layer++) {
        Tensor fused = rig().input(type, prompt, length - 1, columns);
        rig().backend().cacheStore(fused, heads, cache, layer, slots);
      }
      cache.copyPage(0, 3);
      int last = length - 1 - size;
      for (int layer = 0; layer < 2; layer++) {
        rig()
            .backend()
            .cacheStore(rig().input(type, one, 1, columns), heads, cache, layer, new int[] {last});
        rig()
            .backend()
            .cacheStore(
                rig().input(type, other, 1, columns),
                heads,
                cache,
                layer,
                new int[] {3 * size + last});
        CachedRows rows =
            new CachedRows(
                new int[][] {{2, 0}, {2, 3}}, new int[] {0, 1}, new int[] {length, length});
        float[] out =
            attend(
                rig(),
                type,
                join(one, other),
                heads,
                cache,
                layer,
                rows,
                AttentionCases.plain(heads));
        int width = heads.outputColumns();
        lastRow(join(prompt, one), heads).check("original", Arrays.copyOf(out, width), type);
        lastRow(join(prompt, other), heads)
            .check("copy", Arrays.copyOfRange(out, width, 2 * width), type);
      }
    }
  }

  /**
   * A sequence whose numbers are NaN has no part in its neighbours', wherever its window lies: with
   * and without a window, and beyond the neighbour's end.
   */
  @Test
  default void whatANeighbourSeesStaysWithIt() {
    Heads heads = new Heads(4, 2, 16);
    int columns = heads.fusedColumns();
    for (DType type : computeTypes()) {
      try (KvCache probe = rig().backend().kvCache(1, 1, heads, type)) {
        int size = probe.pageSize();
        int length = 2 * size;
        double[] nan = new double[length * columns];
        Arrays.fill(nan, Double.NaN);
        double[] own = Numbers.as(type, AttentionCases.fused(9, heads, length, 1));
        int[] last = {length - 1, length - 1};
        double[] query = AttentionCases.rows(own, columns, last);
        for (int window : new int[] {0, size / 2}) {
          AttentionForm form = new AttentionForm(0.25f, 0, window);
          for (int seen : new int[] {1, size, length}) {
            float[] out;
            try (KvCache cache = rig().backend().kvCache(1, 4, heads, type)) {
              // Pages 0 and 1 are the neighbour's, whose last row stands before and after.
              int[] slots = IntStream.range(0, length).toArray();
              Tensor garbage = rig().input(type, nan, length, columns);
              rig().backend().cacheStore(garbage, heads, cache, 0, slots);
              int[] others = IntStream.range(length, 2 * length).toArray();
              Tensor numbers = rig().input(type, own, length, columns);
              rig().backend().cacheStore(numbers, heads, cache, 0, others);
              CachedRows rows =
                  new CachedRows(
                      new int[][] {{0, 1}, {2, 3}, {1, 0}},
                      new int[] {0, 1, 2},
                      new int[] {seen, length, seen});
              double[] three = join(query, AttentionCases.rows(own, columns, new int[] {0}));
              System.arraycopy(query, 0, three, columns, columns);
              out = attend(rig(), type, three, heads, cache, 0, rows, form);
            }
            int width = heads.outputColumns();
            float[] middle = Arrays.copyOfRange(out, width, 2 * width);
            Expected expected = lastRow(own, heads, form);
            expected.check("%s, %s beside %d positions".formatted(type, form, seen), middle, type);
          }
        }
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
        lastRow(fused, heads)
            .check(
                "key " + key,
                attend(
                    rig(), DType.F32, fused, heads, cache, 0, rows, AttentionCases.plain(heads)));
      }
    }
  }

  private static KvCache cache(Rig rig, DType type, Segments segments, Heads heads, int layers) {
    int pageSize;
    try (KvCache probe = rig.backend().kvCache(1, 1, heads, type)) {
      pageSize = probe.pageSize();
    }
    int pages = PagedBatch.pagesNeeded(segments, pageSize) + 3;
    return rig.backend().kvCache(layers, pages, heads, type);
  }

  private static float[] attend(
      Rig rig,
      DType type,
      double[] fused,
      Heads heads,
      KvCache cache,
      int layer,
      CachedRows rows,
      AttentionForm form) {
    Tensor out = rig.output(type, rows.rows(), heads.outputColumns());
    Tensor input = rig.input(type, fused, rows.rows(), heads.fusedColumns());
    rig.backend().cachedAttention(input, heads, cache, layer, rows, form, out);
    return rig.get(out);
  }

  private static float[] packed(
      Rig rig, DType type, double[] fused, Heads heads, Segments segments, AttentionForm form) {
    int rows = segments.rows();
    Tensor out = rig.output(type, rows, heads.outputColumns());
    rig.backend()
        .attention(
            rig.input(type, fused, rows, heads.fusedColumns()),
            heads,
            segments,
            form,
            out,
            rig.output(rows, heads.queries()));
    return rig.get(out);
  }

  /** Attention of the last row over all of a sequence. */
  private static Expected lastRow(double[] fused, Heads heads) {
    return lastRow(fused, heads, AttentionCases.plain(heads));
  }

  private static Expected lastRow(double[] fused, Heads heads, AttentionForm form) {
    int rows = fused.length / heads.fusedColumns();
    Expected all =
        new ReferenceAttention(fused, heads, Segments.ofLengths(rows), form).forward().out();
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
