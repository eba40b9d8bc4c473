package io.whetstone.cpu;

import io.whetstone.tensor.DType;
import io.whetstone.tensor.Tensor;

/** A linear layer's weight, packed once for y = x Wᵀ and once for dx = dy W. */
final class DnnlWeight implements Gemm.Weight {
  private final int in;
  private final int out;
  private final PackedMatrix forward;
  private final PackedMatrix backward;

  DnnlWeight(DnnlGemm gemm, Tensor master) {
    in = master.columns();
    out = master.rows();
    long address = Memory.address(master);
    forward = new PackedMatrix(gemm, in, out, address, 1, in);
    backward = new PackedMatrix(gemm, out, in, address, in, 1);
  }

  boolean usable() {
    return forward.usable() && backward.usable();
  }

  @Override
  public DType dtype() {
    return DType.F32;
  }

  @Override
  public int in() {
    return in;
  }

  @Override
  public int out() {
    return out;
  }

  @Override
  public void refresh() {
    forward.refresh();
    backward.refresh();
  }

  @Override
  public void forward(long x, int rows, long y, boolean accumulate) {
    forward.multiply(x, rows, y, accumulate);
  }

  @Override
  public void backwardInput(long dy, int rows, long dx, boolean accumulate) {
    backward.multiply(dy, rows, dx, accumulate);
  }

  @Override
  public void close() {
    forward.close();
    backward.close();
  }
}
