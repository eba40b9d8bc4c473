package io.whetstone.cpu;

import io.whetstone.tensor.Linear;
import io.whetstone.tensor.Tensor;

/**
 * Matrix products of linear layers.
 *
 * <p>To the bit, a row of a product depends on that row and the weight only: not on the number of
 * rows, not on the number of threads.
 */
interface Gemm extends AutoCloseable {
  /** A weight prepared for products; addresses are of contiguous F32 rows. */
  interface Weight extends Linear {
    /** y = x Wᵀ, or y += x Wᵀ. */
    void forward(long x, int rows, long y, boolean accumulate);

    /** dx = dy W, or dx += dy W. */
    void backwardInput(long dy, int rows, long dx, boolean accumulate);
  }

  /** What computes the products, for people. */
  String description();

  /** Prepares a F32 weight [out, in], which stays the master. */
  Weight weight(Tensor master);

  /** dW += dyᵀ x: x [tokens, in], dy [tokens, out], dW [out, in]. */
  void backwardWeight(long x, long dy, int tokens, int in, int out, long dw);

  @Override
  void close();
}
