package io.whetstone.cpu;

import io.whetstone.tensor.DType;
import io.whetstone.tensor.Tensor;

/** A BF16 linear layer's weight without oneDNN: Wᵀ in pairs, and W from its first gradient on. */
final class PairWeight implements Gemm.Weight {
  private final Workers workers;
  private final PairProducts products;
  private final Tensor master;
  private final OutputParts parts;
  private final Copy[] forward;
  private final Copy[] backward;
  private final Scratch room = new Scratch();

  PairWeight(Workers workers, PairProducts products, Tensor master) {
    this.workers = workers;
    this.products = products;
    this.master = master;
    parts = new OutputParts(master.rows());
    forward = new Copy[parts.count()];
    backward = new Copy[parts.count()];
    for (int p = 0; p < parts.count(); p++) {
      Tensor rows = master.rows(parts.first(p), parts.first(p + 1));
      forward[p] = new Copy(rows, true);
      backward[p] = new Copy(rows, false);
    }
  }

  @Override
  public DType dtype() {
    return DType.BF16;
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
      forward[p].stale = true;
      backward[p].stale = true;
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

  /** The B of one of the two products, made when it is first needed. */
  private final class Copy {
    private final Tensor weight;
    private final boolean transposed;
    private Allocation memory;
    private boolean stale = true;

    Copy(Tensor weight, boolean transposed) {
      this.weight = weight;
      this.transposed = transposed;
    }

    void multiply(long a, int rows, long c, int cColumns, Result result) {
      int k = transposed ? weight.columns() : weight.rows();
      int n = transposed ? weight.rows() : weight.columns();
      if (memory == null) {
        memory = new Allocation(PairMatrix.bytes(k, n), "a packed weight " + weight.shape());
      }
      if (stale) {
        PairMatrix.pack(workers, weight, transposed, memory.address());
        stale = false;
      }
      int oneChunk = (k + 1) / 2 * 2;
      products.multiply(
          new PairProducts.Product(a, k, memory.address(), n, c, cColumns, oneChunk, result), rows);
    }

    void close() {
      if (memory != null) {
        memory.close();
      }
    }
  }
}
