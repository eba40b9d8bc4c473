package io.whetstone.cpu;

import io.whetstone.tensor.AttentionForm;
import io.whetstone.tensor.CachedRows;
import io.whetstone.tensor.Heads;
import io.whetstone.tensor.KvCache;
import io.whetstone.tensor.Tensor;
import java.util.Arrays;

/** Storing into the paged cache, and attention over it. */
final class CachedAttention {
  private final Workers workers;
  private final ThreadLocal<AttentionBlock> blocks;

  /**
   * The numbers of the rows below the pages that they see first: in this order, those that share
   * pages are neighbours.
   */
  private long[] order = new long[0];

  CachedAttention(Workers workers, FloatTiles products, SoftmaxKernel softmax) {
    this.workers = workers;
    blocks = ThreadLocal.withInitial(() -> new AttentionBlock(products, softmax));
  }

  void cacheStore(Tensor fused, Heads heads, KvCache cache, int layer, int[] slots) {
    paged(cache).store(workers, fused, heads, layer, slots);
  }

  void cachedAttention(
      Tensor fused,
      Heads heads,
      KvCache cache,
      int layer,
      CachedRows rows,
      AttentionForm form,
      Tensor out) {
    PagedKvCache paged = paged(cache);
    int n = rows.rows();
    if (n == 0) {
      return;
    }
    long positions = positions(rows, form);
    sort(rows, form);
    FusedRows queries = FusedRows.of(heads, fused);
    long outs = Memory.address(out);
    // Head-major, so that neighbours read the same pages.
    Ranges.run(
        workers,
        n * heads.keyValues(),
        2L * heads.size() * heads.group() * (positions / n + 1),
        1,
        (from, to) -> {
          AttentionBlock block = blocks.get();
          for (int head = from / n; head * n < to; head++) {
            block.overPages(
                form, paged.dtype(), paged.layout(), paged.tile(layer, 0, head), paged.pageBytes());
            int last = Math.min(n, to - head * n);
            for (int i = Math.max(0, from - head * n); i < last; i++) {
              int r = (int) order[i];
              for (int q = head * heads.group(); q < (head + 1) * heads.group(); q++) {
                block.add(
                    queries.query(r, q),
                    queries.output(outs, r, q),
                    0,
                    rows.length()[r],
                    rows.pages()[rows.sequence()[r]]);
              }
            }
            block.flush();
          }
        });
  }

  private void sort(CachedRows rows, AttentionForm form) {
    int n = rows.rows();
    if (order.length < n) {
      order = new long[2 * n];
    }
    for (int r = 0; r < n; r++) {
      order[r] = (long) firstPage(rows, form, r) << 32 | r;
    }
    Arrays.sort(order, 0, n);
  }

  private static int firstPage(CachedRows rows, AttentionForm form, int r) {
    int first = form.firstSeen(rows.length()[r]) / TileLayout.POSITIONS;
    return rows.pages()[rows.sequence()[r]][first];
  }

  /** Sum of the positions seen. */
  private static long positions(CachedRows rows, AttentionForm form) {
    long positions = 0;
    for (int length : rows.length()) {
      positions += length - form.firstSeen(length);
    }
    return positions;
  }

  private static PagedKvCache paged(KvCache cache) {
    if (cache instanceof PagedKvCache paged) {
      return paged;
    }
    throw new IllegalArgumentException("not a cache of the cpu backend: " + cache.getClass());
  }
}
