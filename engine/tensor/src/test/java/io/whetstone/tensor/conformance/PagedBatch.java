package io.whetstone.tensor.conformance;

import io.whetstone.tensor.CachedRows;
import io.whetstone.tensor.DType;
import io.whetstone.tensor.Heads;
import io.whetstone.tensor.KvCache;
import io.whetstone.tensor.Philox;
import io.whetstone.tensor.Segments;
import java.util.ArrayList;
import java.util.List;

/** The sequences of a packed batch laid out over a cache's pages, each with pages of its own. */
final class PagedBatch {
  private final Segments segments;
  private final int pageSize;
  private final int[][] pages;

  /**
   * @param layout 0 hands out pages in order, anything else shuffles them by that key
   */
  PagedBatch(Segments segments, KvCache cache, long layout) {
    this.segments = segments;
    this.pageSize = cache.pageSize();
    this.pages = new int[segments.count()][];
    int[] order = Philox.permutation(layout, cache.pages());
    int next = 0;
    for (int s = 0; s < pages.length; s++) {
      pages[s] = new int[pagesOf(AttentionCases.sequence(segments, s).length, pageSize)];
      for (int p = 0; p < pages[s].length; p++, next++) {
        pages[s][p] = layout == 0 ? next : order[next];
      }
    }
  }

  /** Pages that the segments take when no sequence shares any. */
  static int pagesNeeded(Segments segments, int pageSize) {
    int pages = 0;
    for (int s = 0; s < segments.count(); s++) {
      pages += pagesOf(AttentionCases.sequence(segments, s).length, pageSize);
    }
    return pages;
  }

  /** Stores keys and values of every position of every sequence. */
  void store(Rig rig, DType type, double[] fused, Heads heads, KvCache cache, int layer) {
    for (int s = 0; s < segments.count(); s++) {
      int[] rows = AttentionCases.sequence(segments, s);
      int[] slots = new int[rows.length];
      for (int position = 0; position < rows.length; position++) {
        slots[position] = pages[s][position / pageSize] * pageSize + position % pageSize;
      }
      double[] own = AttentionCases.rows(fused, heads.fusedColumns(), rows);
      rig.backend()
          .cacheStore(
              rig.input(type, own, rows.length, heads.fusedColumns()), heads, cache, layer, slots);
    }
  }

  /** What each row of the packed batch sees. */
  CachedRows allRows() {
    List<Integer> all = new ArrayList<>();
    for (int row = 0; row < segments.rows(); row++) {
      all.add(row);
    }
    return rows(all);
  }

  /** What these rows of the packed batch see. */
  CachedRows rows(List<Integer> rows) {
    int[] sequence = new int[rows.size()];
    int[] length = new int[rows.size()];
    for (int i = 0; i < sequence.length; i++) {
      int row = rows.get(i);
      int s = 0;
      while (row >= segments.end()[s]) {
        s++;
      }
      sequence[i] = s;
      length[i] = segments.prefixLength(s) + row - segments.start()[s] + 1;
    }
    return new CachedRows(pages, sequence, length);
  }

  private static int pagesOf(int length, int pageSize) {
    return (length + pageSize - 1) / pageSize;
  }
}
