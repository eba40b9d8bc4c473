package io.whetstone.cpu;

import io.whetstone.tensor.CachedRows;
import io.whetstone.tensor.Heads;
import io.whetstone.tensor.KvCache;
import io.whetstone.tensor.Tensor;

/** Storing into the paged cache, and attention over it. */
final class CachedAttention {
  private final Workers workers;
  private final ThreadLocal<Scratch> scratch = ThreadLocal.withInitial(Scratch::new);

  CachedAttention(Workers workers) {
    this.workers = workers;
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
      float scale,
      Tensor out) {
    PagedKvCache paged = paged(cache);
    paged.require(heads, layer);
    if (rows.rows() == 0) {
      return;
    }
    long positions = check(rows, paged);
    int n = rows.rows();
    FusedRows queries = new FusedRows(heads, Memory.address(fused));
    long outs = Memory.address(out);
    // Head-major, so that neighbours read the same pages.
    Ranges.run(
        workers,
        n * heads.keyValues(),
        2L * heads.size() * heads.group() * (positions / n + 1),
        1,
        (from, to) -> {
          for (int head = from / n; head * n < to; head++) {
            AttentionBlock block =
                new AttentionBlock(
                    paged.layout(),
                    scale,
                    paged.tile(layer, 0, head),
                    paged.pageBytes(),
                    scratch.get());
            int last = Math.min(n, to - head * n);
            for (int r = Math.max(0, from - head * n); r < last; r++) {
              for (int q = head * heads.group(); q < (head + 1) * heads.group(); q++) {
                block.add(
                    queries.query(r, q),
                    FusedRows.output(heads, outs, r, q),
                    0,
                    rows.length()[r],
                    rows.pages()[rows.sequence()[r]]);
              }
            }
            block.flush();
          }
        });
  }

  /** Sum of the lengths, after checking that every row's positions are in pages there are. */
  private static long check(CachedRows rows, PagedKvCache cache) {
    for (int[] pages : rows.pages()) {
      for (int page : pages) {
        cache.require(page);
      }
    }
    long positions = 0;
    for (int r = 0; r < rows.rows(); r++) {
      int sequence = rows.sequence()[r];
      if (sequence < 0 || sequence >= rows.pages().length) {
        throw new IllegalArgumentException(
            "row " + r + " is of sequence " + sequence + " of " + rows.pages().length);
      }
      int room = rows.pages()[sequence].length * TileLayout.POSITIONS;
      if (rows.length()[r] < 1 || rows.length()[r] > room) {
        throw new IllegalArgumentException(
            "row " + r + " sees " + rows.length()[r] + " positions, its pages hold " + room);
      }
      positions += rows.length()[r];
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
