package io.whetstone.nd4j;

import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Views of a range of one dimension. {@link INDArray#get} would be the word for it, but it drops
 * dimensions of extent 1 in some cases.
 */
final class Part {
  private Part() {}

  /** x[from … to) along a dimension, of as many dimensions as x: not empty, on x's memory. */
  static INDArray of(INDArray x, int dimension, long from, long to) {
    long[] shape = x.shape().clone();
    shape[dimension] = to - from;
    return Nd4j.create(
        x.data(), shape, x.stride(), x.offset() + from * x.stride(dimension), x.ordering());
  }

  static INDArray rows(INDArray x, long from, long to) {
    return of(x, 0, from, to);
  }

  static INDArray row(INDArray x, long row) {
    return of(x, 0, row, row + 1);
  }

  static INDArray columns(INDArray x, long from, long to) {
    return of(x, x.rank() - 1, from, to);
  }
}
