package io.whetstone.nd4j;

import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Rows of a matrix picked by index. */
final class Rows {
  private Rows() {}

  /** A copy [rows.length, h] of x[rows[r]]: x [n, h]. */
  static INDArray gather(INDArray x, int[] rows) {
    return Nd4j.pullRows(x, 1, rows);
  }

  /** to[rows[r]] += from[r], one after another, so that the sum of a repeated row has one order. */
  static void scatterAdd(INDArray from, int[] rows, INDArray to) {
    for (int r = 0; r < rows.length; r++) {
      Part.row(to, rows[r]).addi(Part.row(from, r));
    }
  }

  /** to[rows[r]] = from[r]. */
  static void scatter(INDArray from, int[] rows, INDArray to) {
    for (int r = 0; r < rows.length; r++) {
      Part.row(to, rows[r]).assign(Part.row(from, r));
    }
  }
}
