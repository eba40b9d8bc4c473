package io.whetstone.cpu;

import io.whetstone.tensor.DType;
import io.whetstone.tensor.Linear;
import io.whetstone.tensor.Tensor;

/**
 * Matrix products of linear layers.
 *
 * <p>To the bit, a row of a product depends on that row and the weight only: not on the number of
 * rows, not on the number of threads.
 */
interface Gemm extends AutoCloseable {
  /**
   * A weight prepared for products; addresses are of rows of {@link #dtype}.
   *
   * <p>A weight with a whole vocabulary of outputs comes in parts, so that its user need not hold a
   * number for each.
   */
  interface Weight extends Linear {
    /** Parts that the outputs are cut into: a function of the shape. */
    int parts();

    /** The first output of a part; that of the part after the last is {@link #out}. */
    int firstOutput(int part);

    /** y = x Wᵀ, as {@code result} says, for a part's outputs: y's rows lie yColumns apart. */
    void forward(int part, long x, int rows, long y, int yColumns, Result result);

    /** dx = dy W, as {@code result} says, of a part's outputs alone: dy [rows, part]. */
    void backwardInput(int part, long dy, int rows, long dx, Result result);

    /** y = x Wᵀ, as {@code result} says. */
    default void forward(long x, int rows, long y, Result result) {
      for (int part = 0; part < parts(); part++) {
        long column = (long) result.bytes() * firstOutput(part);
        forward(part, x, rows, y + column, out(), result);
      }
    }

    /** dx = dy W, as {@code result} says. */
    void backwardInput(long dy, int rows, long dx, Result result);
  }

  /** What computes the products, for people. */
  String description();

  /** Prepares a weight [out, in] of F32 or BF16, which stays the master, for products in a type. */
  Weight weight(Tensor master, DType compute);

  /** What multiplies BF16 rows with the bits of these products. */
  PairRows pairRows();

  /** dW += dyᵀ x: x [tokens, in] and dy [tokens, out] of {@code dtype}, dW [out, in] F32. */
  void backwardWeight(DType dtype, long x, long dy, int tokens, int in, int out, long dw);

  @Override
  void close();
}
