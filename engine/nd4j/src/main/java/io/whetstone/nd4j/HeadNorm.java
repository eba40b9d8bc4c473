package io.whetstone.nd4j;

import io.whetstone.tensor.Heads;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * {@link RmsNorm} of runs of columns: the rows [T, columns] of the queries, or of the keys, are
 * taken as more and shorter rows [T · columns / n, n], n being the weight's length.
 */
final class HeadNorm {
  private HeadNorm() {}

  /** Where the queries' or the keys' columns lie in a fused row. */
  record Columns(int from, int to) {
    static Columns ofQueries(Heads heads) {
      return new Columns(0, heads.queries() * heads.size());
    }

    static Columns ofKeys(Heads heads) {
      int from = heads.queries() * heads.size();
      return new Columns(from, from + heads.keyValues() * heads.size());
    }

    /** Number of runs in a row. */
    int runs(int length) {
      return (to - from) / length;
    }
  }

  /** Norms these columns of fused [T, …] into normed; rstd [T, runs] is a part of its columns. */
  static void forward(
      INDArray fused,
      Columns columns,
      INDArray weight,
      float epsilon,
      float offset,
      INDArray normed,
      INDArray rstd) {
    INDArray x = runs(fused, columns, weight);
    INDArray scale = RmsNorm.rstd(x, epsilon);
    rstd.assign(scale.reshape(rstd.shape()));
    put(RmsNorm.forward(x, weight, offset, scale), normed, columns);
  }

  /** The gradients of {@link #forward}; dWeight is accumulated into. */
  static void backward(
      INDArray dNormed,
      INDArray fused,
      Columns columns,
      INDArray weight,
      float offset,
      INDArray rstd,
      INDArray dFused,
      INDArray dWeight) {
    INDArray dy = runs(dNormed, columns, weight);
    INDArray x = runs(fused, columns, weight);
    INDArray scale = rstd.dup('c').reshape(x.size(0), 1);
    dWeight.addi(RmsNorm.dWeight(dy, x, scale));
    put(RmsNorm.dx(dy, x, weight, offset, scale), dFused, columns);
  }

  /** The columns of all rows, a copy, as rows of the weight's length. */
  private static INDArray runs(INDArray fused, Columns columns, INDArray weight) {
    INDArray part = Part.columns(fused, columns.from(), columns.to()).dup('c');
    return part.reshape(part.length() / weight.length(), weight.length());
  }

  private static void put(INDArray runs, INDArray fused, Columns columns) {
    INDArray part = Part.columns(fused, columns.from(), columns.to());
    part.assign(runs.reshape(part.shape()));
  }
}
