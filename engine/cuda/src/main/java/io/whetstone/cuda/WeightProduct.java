package io.whetstone.cuda;

import io.whetstone.cuda.driver.CublasLt.Algorithm;
import io.whetstone.tensor.DType;
import java.util.List;

/**
 * dW += dyᵀ x for one shape of weight, one type, and numbers of rows up to a power of two: the
 * algorithm is a function of these, so the sums' order is one of the shapes.
 */
final class WeightProduct implements AutoCloseable {
  private static final int FEWEST = 64;
  private static final int WIDEST = 16;

  private final int in;
  private final int out;
  private final DType type;
  private final int rows;
  private final MatrixProduct product;
  private final List<Algorithm> candidates;
  private Algorithm algorithm;
  private int served;

  /**
   * @param rows a {@link #bucket}
   */
  WeightProduct(Gpu gpu, int in, int out, DType type, int rows) {
    this.in = in;
    this.out = out;
    this.type = type;
    this.rows = rows;
    product = new MatrixProduct(gpu, false, true, type, DType.F32);
    shape(rows);
    candidates =
        product.algorithms(
            alignment((long) in * type.bytes()),
            alignment((long) out * type.bytes()),
            alignment((long) in * Float.BYTES));
    if (candidates.isEmpty()) {
      throw new IllegalStateException(
          "cuBLASLt has no algorithm without split sums for dyᵀ x of [%d × %d] in %s"
              .formatted(out, in, type));
    }
  }

  /** The power of two that so many rows belong to. */
  static int bucket(int rows) {
    return Math.max(FEWEST, Integer.highestOneBit(Math.max(1, rows - 1)) << 1);
  }

  boolean is(int in, int out, DType type, int rows) {
    return this.in == in && this.out == out && this.type == type && this.rows == rows;
  }

  private static int alignment(long bytes) {
    return (int) Math.min(WIDEST, Long.lowestOneBit(bytes));
  }

  private void shape(int rows) {
    product.a(in, rows, in).b(out, rows, out).d(in, out, in);
  }

  /** Queues the product of so many rows. */
  void add(long x, long dy, int rows, long dw) {
    shape(rows);
    if (rows != served) {
      algorithm = serving(rows);
      served = rows;
    }
    product.multiply(algorithm, x, dy, dw, true);
  }

  /** The first that serves these rows: a matter of shapes, too. */
  private Algorithm serving(int rows) {
    return candidates.stream()
        .filter(product::serves)
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalStateException(
                    "none of cuBLASLt's algorithms for dyᵀ x of [%d × %d] in %s serves %d rows"
                        .formatted(out, in, type, rows)));
  }

  @Override
  public void close() {
    product.close();
  }
}
