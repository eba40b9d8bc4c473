package io.whetstone.cpu;

import io.whetstone.tensor.Tensor;

/** A {@link PairMatrix} of a weight, without oneDNN. */
final class PairCopy implements WeightCopy {
  private final Workers workers;
  private final PairProducts products;
  private final Tensor weight;
  private final boolean transposed;
  private Allocation memory;
  private boolean stale = true;

  /**
   * @param transposed whether B is Wᵀ, else W
   */
  PairCopy(Workers workers, PairProducts products, Tensor weight, boolean transposed) {
    this.workers = workers;
    this.products = products;
    this.weight = weight;
    this.transposed = transposed;
  }

  @Override
  public void refresh() {
    stale = true;
  }

  @Override
  public void multiply(long a, int rows, long c, int cColumns, Result result) {
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

  @Override
  public void close() {
    if (memory != null) {
      memory.close();
    }
  }
}
