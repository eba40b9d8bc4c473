package io.whetstone.nd4j;

import io.whetstone.tensor.DType;
import io.whetstone.tensor.Linear;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A weight as it is: products read the master itself, so there is nothing to refresh.
 *
 * @param weight [out, in], the master's memory
 */
record MatrixLinear(INDArray weight) implements Linear {
  @Override
  public DType dtype() {
    return DType.F32;
  }

  @Override
  public int in() {
    return weight.columns();
  }

  @Override
  public int out() {
    return weight.rows();
  }

  @Override
  public void refresh() {}

  @Override
  public void close() {}
}
