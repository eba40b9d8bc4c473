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

  // Where a logged product has what.
  private static final int ALGORITHM = 1;
  private static final int OPERANDS = 4;
  private static final int A_EXTENTS = 7;
  private static final int B_EXTENTS = 10;
  private static final int D_EXTENTS = 13;

  /** With D's address: the product is added to it. */
  private static final long ADDED = 1;

  private final Gpu gpu;
  private final CublasLt library;
  private final long product;
  private final MatrixLayout a;
  private final MatrixLayout b;
  private final MatrixLayout d;
  private final long zero;
  private final long one;
  private final int number;

  /** The next product as the log has it: see {@link #run}. */
  private final long[] described = new long[WorkLog.PRODUCT_WORDS];

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
    number = gpu.queue().log().register(this);
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
    return describe(A_EXTENTS, rows, columns, stride);
  }

  MatrixProduct b(long rows, long columns, long stride) {
    return describe(B_EXTENTS, rows, columns, stride);
  }

  MatrixProduct d(long rows, long columns, long stride) {
    return describe(D_EXTENTS, rows, columns, stride);
  }

  private MatrixProduct describe(int at, long rows, long columns, long stride) {
    described[at] = rows;
    described[at + 1] = columns;
    described[at + 2] = stride;
    return this;
  }

  private void shape(long[] words, int at) {
    shape(a, words, at + A_EXTENTS);
    shape(b, words, at + B_EXTENTS);
    shape(d, words, at + D_EXTENTS);
  }

  private static void shape(MatrixLayout layout, long[] words, int at) {
    layout.shape(words[at], words[at + 1], words[at + 2]);
  }

  /**
   * Algorithms that do not split sums, for these extents, the library's favourites first: those
   * that need no workspace where there are any, so that no sum can be put together from parts.
   *
   * @param alignments bytes that the addresses of A, B and D are multiples of
   */
  List<Algorithm> algorithms(int... alignments) {
    shape(described, 0);
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
    shape(described, 0);
    return library.serves(product, a, b, d, algorithm);
  }

  /** Notes down the product with these extents; D lies at an even address. */
  void multiply(
      Algorithm algorithm, long aAddress, long bAddress, long dAddress, boolean accumulate) {
    long workspace =
        algorithm.workspaceBytes() == 0
            ? 0
            : gpu.temporaries().reserve("workspace of products", WORKSPACE_BYTES);
    described[ALGORITHM] = algorithm.description().address();
    described[ALGORITHM + 1] = algorithm.workspaceBytes();
    described[ALGORITHM + 2] = workspace;
    described[OPERANDS] = aAddress;
    described[OPERANDS + 1] = bAddress;
    described[OPERANDS + 2] = accumulate ? dAddress | ADDED : dAddress;
    gpu.queue().multiply(number, described);
  }

  /** Hands a logged product to the library. */
  void run(long[] words, int at, long stream) {
    shape(words, at);
    long dAddress = words[at + OPERANDS + 2];
    library.multiply(
        product,
        one,
        words[at + OPERANDS],
        a,
        words[at + OPERANDS + 1],
        b,
        (dAddress & ADDED) != 0 ? one : zero,
        dAddress & ~ADDED,
        d,
        words[at + ALGORITHM],
        words[at + ALGORITHM + 2],
        words[at + ALGORITHM + 1],
        stream);
  }

  @Override
  public void close() {
    a.close();
    b.close();
    d.close();
    library.destroyProduct(product);
  }
}
