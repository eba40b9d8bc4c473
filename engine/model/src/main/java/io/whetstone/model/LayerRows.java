package io.whetstone.model;

import io.whetstone.tensor.Philox;
import java.util.Arrays;

/**
 * What a layer knows of its rows.
 *
 * @param positions for each, its place in its sequence
 * @param dropoutKeys for each, what its adapters' dropout is drawn by; null where nothing is
 *     dropped
 */
record LayerRows(int[] positions, long[] dropoutKeys) {

  /** The rows [from, to) of these. */
  LayerRows range(int from, int to) {
    return from == 0 && to == positions.length
        ? this
        : new LayerRows(
            Arrays.copyOfRange(positions, from, to),
            dropoutKeys == null ? null : Arrays.copyOfRange(dropoutKeys, from, to));
  }

  /** Rows of which nothing is dropped. */
  static LayerRows of(int[] positions) {
    return new LayerRows(positions, null);
  }

  /**
   * Rows whose dropout depends on the key and on the tokens up to them, so that it is the same
   * however the batch is cut.
   */
  static LayerRows dropped(PackedTokens tokens, long key) {
    long[] keys = new long[tokens.rows()];
    for (int s = 0; s < tokens.segments().count(); s++) {
      boolean prefixed = tokens.segments().prefixLength(s) > 0;
      long before = prefixed ? keys[tokens.segments().prefixEnd()[s] - 1] : key;
      for (int r = tokens.segments().start()[s]; r < tokens.segments().end()[s]; r++) {
        before = Philox.derive(before, tokens.ids()[r]);
        keys[r] = before;
      }
    }
    return new LayerRows(tokens.positions(), keys);
  }
}
