package io.whetstone.cuda;

import io.whetstone.cuda.driver.CublasLt;
import io.whetstone.cuda.driver.CublasLt.Algorithm;
import io.whetstone.cuda.driver.MatrixLayout;
import io.whetstone.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/**
 * One form of product as cuBLASLt is asked for it, D = op(A) op(B) or D += that, column-major with
 * float sums. Extents change from call to call; a call allocates nothing.
 */
final class MatrixProduct implements AutoCloseable {
  /** What algorithms may use where they need any: it never moves. */
  private static final long WORKSPACE_BYTES = 32L << 20;

  private static final int MOST_ALGORITHMS = 8;

  private final Gpu gpu;
  private final CublasLt library;
  private final long product;
  private final MatrixLayout a;
  private final MatrixLayout b;
  private final MatrixLayout d;
  private final long zero;
  private final long one;

  /**
   * @param type of A and B
   * @param result of D
   */
  MatrixProduct(Gpu gpu, boolean transposeA, boolean transposeB, DType type, DType result) {
    this.gpu = gpu;
    library = gpu.products();
    Arena arena = gpu.arena();
    product = library.createProduct(transposeA, transposeB);
    a = new MatrixLayout(library, code(type), arena);
    b = new MatrixLayout(library, code(type), arena);
    d = new MatrixLayout(library, code(result), arena);
    MemorySegment factors = arena.allocateFrom(ValueLayout.JAVA_FLOAT, 0, 1);
    zero = factors.address();
    one = factors.address() + Float.BYTES;
  }

  private static int code(DType type) {
    return switch (type) {
      case F32 -> CublasLt.FLOAT;
      case BF16 -> CublasLt.BFLOAT16;
      default -> throw new IllegalArgumentException("no products of " + type);
    };
  }

  /** A's extents as it lies in memory, and the distance of its columns. */
  MatrixProduct a(long rows, long columns, long stride) {
    a.shape(rows, columns, stride);
    return this;
  }

  MatrixProduct b(long rows, long columns, long stride) {
    b.shape(rows, columns, stride);
    return this;
  }

  MatrixProduct d(long rows, long columns, long stride) {
    d.shape(rows, columns, stride);
    return this;
  }

  /**
   * Algorithms that do not split sums, for these extents, the library's favourites first: those
   * that need no workspace where there are any, so that no sum can be put together from parts.
   *
   * @param alignments bytes that the addresses of A, B and D are multiples of
   */
  List<Algorithm> algorithms(int... alignments) {
    int[] four = {alignments[0], alignments[1], alignments[2], alignments[2]};
    List<Algorithm> found = algorithms(four, 0);
    return found.isEmpty() ? algorithms(four, WORKSPACE_BYTES) : found;
  }

  private List<Algorithm> algorithms(int[] alignments, long workspaceBytes) {
    return library.algorithms(
        product, a, b, d, alignments, workspaceBytes, MOST_ALGORITHMS, gpu.arena());
  }

  /** Whether the algorithm serves these extents. */
  boolean serves(Algorithm algorithm) {
    return library.serves(product, a, b, d, algorithm);
  }

  /** Queues the product with these extents. */
  void multiply(
      Algorithm algorithm, long aAddress, long bAddress, long dAddress, boolean accumulate) {
    long workspace =
        algorithm.workspaceBytes() == 0
            ? 0
            : gpu.temporaries().reserve("workspace of products", WORKSPACE_BYTES);
    library.multiply(
        product,
        one,
        aAddress,
        a,
        bAddress,
        b,
        accumulate ? one : zero,
        dAddress,
        d,
        algorithm,
        workspace,
        gpu.queue().stream());
  }

  @Override
  public void close() {
    a.close();
    b.close();
    d.close();
    library.destroyProduct(product);
  }
}
