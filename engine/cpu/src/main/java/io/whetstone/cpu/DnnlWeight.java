package io.whetstone.cpu;

import io.whetstone.tensor.DType;
import io.whetstone.tensor.Tensor;
import java.util.Arrays;

/**
 * A linear layer's weight, packed for y = x Wᵀ, and from the first dx = dy W on for that too.
 *
 * <p>In BF16 the second copy is the rounded weight as it lies: packing it would cost twice as much
 * as it saves, and where the master is BF16 none is needed.
 */
final class DnnlWeight implements Gemm.Weight {
  private final DType dtype;
  private final Tensor master;
  private final OutputParts parts;
  private final PackedMatrix[] forward;
  private final PackedMatrix[] backward;
  private final Scratch room = new Scratch();

  DnnlWeight(DnnlGemm gemm, Tensor master, DType dtype) {
    this.dtype = dtype;
    this.master = master;
    parts = new OutputParts(master.rows());
    forward = new PackedMatrix[parts.count()];
    backward = new PackedMatrix[parts.count()];
    for (int p = 0; p < parts.count(); p++) {
      Tensor rows = master.rows(parts.first(p), parts.first(p + 1));
      forward[p] = PackedMatrix.transposed(gemm, rows, dtype);
      backward[p] = PackedMatrix.asIs(gemm, rows, dtype);
    }
  }

  /** False where rows would depend on their number. */
  boolean usable() {
    return Arrays.stream(forward).allMatch(PackedMatrix::usable)
        && Arrays.stream(backward).allMatch(PackedMatrix::usable);
  }

  @Override
  public DType dtype() {
    return dtype;
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
  public int parts() {
    return parts.count();
  }

  @Override
  public int firstOutput(int part) {
    return parts.first(part);
  }

  @Override
  public void refresh() {
    for (int p = 0; p < parts.count(); p++) {
      forward[p].refresh();
      backward[p].refresh();
    }
  }

  @Override
  public void forward(int part, long x, int rows, long y, int yColumns, Result result) {
    forward[part].multiply(x, rows, y, yColumns, result);
  }

  @Override
  public void backwardInput(int part, long dy, int rows, long dx, Result result) {
    backward[part].multiply(dy, rows, dx, in(), result);
  }

  @Override
  public void backwardInput(long dy, int rows, long dx, Result result) {
    if (parts.count() == 1) {
      backwardInput(0, dy, rows, dx, result);
    } else {
      parts.backwardInput(this, dy, rows, dx, result, room);
    }
  }

  @Override
  public void close() {
    for (int p = 0; p < parts.count(); p++) {
      forward[p].close();
      backward[p].close();
    }
  }
}
