package io.whetstone.cuda;

import io.whetstone.tensor.AttentionForm;
import io.whetstone.tensor.Segments;

/**
 * What the blocks do that make the gradients of keys and values: some rows each, over the rows that
 * see them, their own segment's first and then those of the segments that have them as a prefix.
 * Where there are such, the sums are made in up to {@link #PARTS} parts, which a second kernel adds
 * in order; the cuts depend on the segments alone.
 */
final class KeyItems {
  /** Parts of a prefix's gradients at most, beside its own segment's: each is kept. */
  private static final int PARTS = 16;

  private static final int FIELDS = 5;
  private static final int VIEWER_FIELDS = 6;
  private static final int SUM_FIELDS = 4;

  private final Segments segments;
  private final AttentionForm form;
  private final int keys;
  private final Ints items = new Ints();
  private final Ints viewers = new Ints();
  private final Ints sums = new Ints();
  private int slots;

  private KeyItems(Segments segments, AttentionForm form, int keys) {
    this.segments = segments;
    this.form = form;
    this.keys = keys;
  }

  /**
   * @param keys of an item
   */
  static KeyItems of(Segments segments, AttentionForm form, int keys) {
    KeyItems all = new KeyItems(segments, form, keys);
    for (int s = 0; s < segments.count(); s++) {
      for (int key = segments.start()[s]; key < segments.end()[s]; key += keys) {
        all.add(s, key, Math.min(segments.end()[s], key + keys));
      }
    }
    return all;
  }

  private void add(int segment, int from, int to) {
    int others = 0;
    for (int v = segment + 1; v < segments.count(); v++) {
      others += hasPrefix(v, from, to) ? 1 : 0;
    }
    int first = viewers();
    int start = segments.start()[segment];
    viewer(segment, from, start, segments.end()[segment], segments.prefixLength(segment), to);
    if (others == 0) {
      items.add(from, to, first, viewers(), AttentionItems.WHOLE);
      return;
    }
    int firstSlot = slots;
    items.add(from, to, first, viewers(), slots++);
    int parts = Math.min(PARTS, others);
    int seen = 0;
    first = viewers();
    for (int v = segment + 1; v < segments.count(); v++) {
      if (hasPrefix(v, from, to)) {
        int row = segments.start()[v];
        viewer(v, row, segments.prefixStart()[v], segments.prefixEnd()[v], 0, to);
        seen++;
        if (seen * parts / others > (seen - 1) * parts / others) {
          items.add(from, to, first, viewers(), slots++);
          first = viewers();
        }
      }
    }
    sums.add(from, to, firstSlot, slots);
  }

  private boolean hasPrefix(int segment, int from, int to) {
    return segments.prefixStart()[segment] < to && segments.prefixEnd()[segment] > from;
  }

  /**
   * Adds the rows of a segment from {@code row} on that see the key rows [fromKey, toKey), the
   * first of which is at a position of its sequence; none beyond {@code end} are asked for.
   */
  private void viewer(int segment, int row, int fromKey, int toKey, int position, int end) {
    int prefix = segments.prefixLength(segment);
    int toEnd = prefix - segments.start()[segment] + 1;
    int last = segments.end()[segment];
    if (form.window() > 0) {
      int lastPosition = position + Math.min(end, toKey) - 1 - fromKey;
      last = (int) Math.min(last, (long) lastPosition + form.window() - toEnd + 1);
    }
    if (last > row) {
      viewers.add(row, last, fromKey, toKey, position, toEnd);
    }
  }

  private int viewers() {
    return viewers.size() / VIEWER_FIELDS;
  }

  int count() {
    return items.size() / FIELDS;
  }

  int sumCount() {
    return sums.size() / SUM_FIELDS;
  }

  Ints items() {
    return items;
  }

  Ints viewerInts() {
    return viewers;
  }

  Ints sums() {
    return sums;
  }

  /** Parts that are kept for a head. */
  int slots() {
    return slots;
  }
}
