package io.whetstone.cuda;

import io.whetstone.tensor.AttentionForm;
import io.whetstone.tensor.Segments;

/**
 * What the blocks of attention's kernels do: some query vectors each, over some chunks of the
 * positions that they see. Vector v of an item is query head v modulo the group of entry v / group
 * from the item's first one on: see {@link AttentionRows}.
 */
final class AttentionItems {
  /** Positions of a tile, and of a cache's page. */
  static final int TILE = 64;

  /** Positions of a chunk: states of chunks are merged in order. */
  static final int CHUNK = 256;

  /** More chunks than any sequence has. */
  private static final int ALL = Integer.MAX_VALUE / CHUNK;

  /** Of an item that gives its rows' results itself. */
  static final int WHOLE = -1;

  /** An item's ints, as in attend.h. */
  static final int FIELDS = 9;

  private final Ints items = new Ints();

  /** Items of a packed batch, of up to {@code vectors} query vectors; the longest come first. */
  static AttentionItems of(Segments segments, int group, int vectors, AttentionRows rows) {
    AttentionItems all = new AttentionItems();
    for (int s = 0; s < segments.count(); s++) {
      for (int r = segments.start()[s]; r < segments.end()[s]; r++) {
        rows.add(r, segments.prefixLength(s) + r - segments.start()[s] + 1);
      }
    }
    for (int s = segments.count() - 1; s >= 0; s--) {
      int start = segments.start()[s];
      int prefix = segments.prefixLength(s);
      int count = (segments.end()[s] - start) * group;
      for (int from = (count - 1) / vectors * vectors; from >= 0 && count > 0; from -= vectors) {
        int to = Math.min(count, from + vectors);
        int own = start - prefix;
        all.items.add(start, from, to, segments.prefixStart()[s], prefix, own, 0, ALL, WHOLE);
      }
    }
    return all;
  }

  /**
   * Adds an item over a cache's pages.
   *
   * @param entry its first vector's
   * @param pages where its sequence's pages begin
   * @param slot where its first vector's state goes, or {@link #WHOLE}
   */
  void add(int entry, int from, int to, int pages, int fromChunk, int toChunk, int slot) {
    items.add(entry, from, to, pages, 0, 0, fromChunk, toChunk, slot);
  }

  int count() {
    return items.size() / FIELDS;
  }

  Ints ints() {
    return items;
  }

  /** Chunks that so many positions take. */
  static int chunks(int positions) {
    return Math.ceilDiv(positions, CHUNK);
  }

  /** The first chunk in which a row sees something that sees positions up to {@code end}. */
  static int firstChunk(AttentionForm form, int end) {
    return form.firstSeen(end) / CHUNK;
  }
}
