package io.whetstone.cpu;

import io.whetstone.tensor.Heads;

/**
 * Addresses of the heads in rows of a fused projection, or of its gradient.
 *
 * @param address of the first row
 */
record FusedRows(Heads heads, long address) {
  /** Query head {@code h} of row {@code r}. */
  long query(int r, int h) {
    return head(r, h);
  }

  /** Key head {@code h} of row {@code r}. */
  long key(int r, int h) {
    return head(r, heads.queries() + h);
  }

  /** Value head {@code h} of row {@code r}. */
  long value(int r, int h) {
    return head(r, heads.queries() + heads.keyValues() + h);
  }

  private long head(int r, int h) {
    return address + 4L * ((long) r * heads.fusedColumns() + h * heads.size());
  }

  /** Head {@code h} of row {@code r} of an attention output that begins at {@code out}. */
  static long output(Heads heads, long out, int r, int h) {
    return out + 4L * ((long) r * heads.outputColumns() + h * heads.size());
  }
}
