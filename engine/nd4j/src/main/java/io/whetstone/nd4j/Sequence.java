package io.whetstone.nd4j;

import io.whetstone.tensor.Heads;
import io.whetstone.tensor.Segments;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * One segment of a packed batch as attention takes it: n rows of its own behind a prefix, m in all.
 *
 * <p>The query heads that share a key/value head lie one below the other, so that grouped-query
 * attention is one product for each key/value head: [keyValues, group · n, size] with [keyValues,
 * m, size], and the sums of a backward over a group are in the product too.
 *
 * @param heads the layout of a row
 * @param prefixStart first row of the prefix
 * @param prefixEnd behind its last row; equal where there is none
 * @param start first row of its own
 * @param end behind its last row
 */
record Sequence(Heads heads, int prefixStart, int prefixEnd, int start, int end) {
  static Sequence of(Segments segments, int s, Heads heads) {
    return new Sequence(
        heads,
        segments.prefixStart()[s],
        segments.prefixEnd()[s],
        segments.start()[s],
        segments.end()[s]);
  }

  int rows() {
    return end - start;
  }

  int prefix() {
    return prefixEnd - prefixStart;
  }

  int length() {
    return prefix() + rows();
  }

  /** A copy [keyValues, group · n, size] of rows [T, queries (and more), size]. */
  INDArray queries(INDArray rows) {
    return own(rows)
        .dup('c')
        .reshape(heads.keyValues(), (long) heads.group() * rows(), heads.size());
  }

  /** The segment's own rows of [T, queries (and more), size], heads first: [queries, n, size]. */
  INDArray own(INDArray rows) {
    return Part.of(Part.rows(rows, start, end), 1, 0, heads.queries()).permute(1, 0, 2);
  }

  /** A copy [keyValues, m, size] of the key heads of fused rows, prefix first. */
  INDArray keys(INDArray fused) {
    return positions(fused, heads.queries());
  }

  /** A copy [keyValues, m, size] of the value heads of fused rows, prefix first. */
  INDArray values(INDArray fused) {
    return positions(fused, heads.queries() + heads.keyValues());
  }

  private INDArray positions(INDArray fused, int head) {
    INDArray own = part(fused, start, end, head);
    return prefix() == 0
        ? own.dup('c')
        : Nd4j.concat(1, part(fused, prefixStart, prefixEnd, head), own);
  }

  /** Adds dk and dv [keyValues, m, size] to the rows of dFused that the keys and values are in. */
  void addKeysAndValues(INDArray dFused, INDArray dk, INDArray dv) {
    addPositions(dFused, heads.queries(), dk);
    addPositions(dFused, heads.queries() + heads.keyValues(), dv);
  }

  private void addPositions(INDArray dFused, int head, INDArray d) {
    if (prefix() > 0) {
      part(dFused, prefixStart, prefixEnd, head).addi(Part.of(d, 1, 0, prefix()));
    }
    part(dFused, start, end, head).addi(Part.of(d, 1, prefix(), length()));
  }

  /** Key/value heads of some rows, a view: [keyValues, rows, size]. */
  private INDArray part(INDArray fused, int from, int to, int head) {
    return Part.of(Part.rows(fused, from, to), 1, head, head + heads.keyValues()).permute(1, 0, 2);
  }
}
