package io.whetstone.cpu;

import io.whetstone.tensor.DType;
import io.whetstone.tensor.Heads;
import io.whetstone.tensor.Tensor;

/**
 * Addresses of the heads in rows of a fused projection, or of its gradient.
 *
 * @param type of the numbers, F32 or BF16
 * @param address of the first row
 */
record FusedRows(Heads heads, DType type, long address) {
  static FusedRows of(Heads heads, Tensor fused) {
    return new FusedRows(heads, fused.dtype(), Memory.address(fused));
  }

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
    return address + type.bytes() * ((long) r * heads.fusedColumns() + h * heads.size());
  }

  /** Head {@code h} of row {@code r} of an attention output of this type that begins at out. */
  long output(long out, int r, int h) {
    return out + type.bytes() * ((long) r * heads.outputColumns() + h * heads.size());
  }
}
