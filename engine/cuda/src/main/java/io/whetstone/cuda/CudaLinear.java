package io.whetstone.cuda;

import io.whetstone.tensor.DType;
import io.whetstone.tensor.Linear;
import io.whetstone.tensor.Tensor;

/**
 * A weight [out, in] for products. In F32 it is the master itself; in BF16 the master, where that
 * is BF16, or a rounded copy of it; a quantised one is decoded some rows at a time, when it is
 * used.
 */
final class CudaLinear implements Linear {
  private final Tensor master;
  private final DType compute;

  CudaLinear(Tensor master, DType compute) {
    this.master = master;
    this.compute = compute;
  }

  @Override
  public DType dtype() {
    return compute;
  }

  @Override
  public int in() {
    return master.columns();
  }

  @Override
  public int out() {
    return master.rows();
  }

  @Override
  public void refresh() {}

  @Override
  public void close() {}
}
