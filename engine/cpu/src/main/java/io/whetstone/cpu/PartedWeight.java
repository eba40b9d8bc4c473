package io.whetstone.cpu;

import io.whetstone.tensor.DType;
import io.whetstone.tensor.Tensor;
import java.util.Arrays;

/**
 * A linear layer's weight in parts of its outputs, each with a copy for y = x Wᵀ, and from the
 * first dx = dy W on with one for that too.
 */
final class PartedWeight implements Gemm.Weight {
  private final DType dtype;
  private final Tensor master;
  private final OutputParts parts;
  private final WeightCopy[] forward;
  private final WeightCopy[] backward;
  private final Scratch room = new Scratch();

  /** Makes the copies for rows of the weight. */
  @FunctionalInterface
  interface Copies {
    /**
     * A copy that is not laid out yet.
     *
     * @param transposed whether B is Wᵀ, for the forward product, else W
     */
    WeightCopy of(Tensor rows, boolean transposed);
  }

  PartedWeight(Tensor master, DType dtype, Copies copies) {
    this.dtype = dtype;
    this.master = master;
    parts = new OutputParts(master.rows());
    forward = new WeightCopy[parts.count()];
    backward = new WeightCopy[parts.count()];
    for (int p = 0; p < parts.count(); p++) {
      Tensor rows = master.rows(parts.first(p), parts.first(p + 1));
      forward[p] = copies.of(rows, true);
      backward[p] = copies.of(rows, false);
    }
  }

  /** False where rows would depend on their number. */
  boolean usable() {
    return Arrays.stream(forward).allMatch(WeightCopy::usable)
        && Arrays.stream(backward).allMatch(WeightCopy::usable);
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
