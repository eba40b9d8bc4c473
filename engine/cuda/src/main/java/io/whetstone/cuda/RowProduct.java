package io.whetstone.cuda;

import io.whetstone.cuda.driver.CublasLt.Algorithm;
import io.whetstone.tensor.DType;
import java.util.List;

/**
 * Products of rows with a weight, row by row to the bit: y = x Wᵀ or dx = dy W for one shape of
 * weight and one pair of types.
 *
 * <p>One algorithm of cuBLASLt's serves every number of rows; it splits no sums, so a row's sums
 * run in an order that the shape decides. Others, chosen for few rows and for as many as decode
 * together, are used with it where {@link RowCheck} finds the bits equal: tiles that suit thousands
 * of rows would leave most of a GPU idle. Where it finds that rows depend on their number, they go
 * through in chunks of a fixed number, the last one padded.
 */
final class RowProduct implements AutoCloseable {
  /** The number of rows that the algorithm is chosen for. */
  private static final int MANY = 2048;

  private static final int CHUNK = 64;

  /** And the one for few rows, which serves chunks. */
  private static final int FEW = CHUNK;

  /** Up to so many rows are few. */
  private static final int MOST_FEW = 128;

  /** The number that decode together, and what is taken for about so many. */
  private static final int SOME = 256;

  private static final int MOST_SOME = 384;

  /** Numbers of a matrix at most: there are algorithms that count them by int. */
  private static final long MOST_NUMBERS = Integer.MAX_VALUE;

  /** Numbers of rows that an algorithm must serve, as far as they go together. */
  private static final int[] NUMBERS = {1, 2, 7, 64, 129, 512, 2048, 10_001, 65_536};

  /** Bytes that rows' starts are multiples of at most, for the library to know. */
  private static final int WIDEST = 16;

  private final Gpu gpu;
  private final boolean input;
  private final int in;
  private final int out;
  private final DType type;
  private final DType result;
  private final long mostNumbers;
  private final MatrixProduct product;
  private final List<Algorithm> candidates;
  private final Algorithm ofSome;
  private final Algorithm ofFew;
  private Algorithm many;
  private Algorithm some;
  private Algorithm few;
  private boolean checked;
  private boolean chunked;

  /** The last extents that the algorithms were found to serve. */
  private int servedOuts;

  private long servedX;
  private long servedY;

  /**
   * @param input whether it is dx = dy W, else y = x Wᵀ
   * @param type of the weight and the rows that go in
   * @param result of the rows that come out
   */
  RowProduct(Gpu gpu, boolean input, int in, int out, DType type, DType result) {
    this(gpu, input, in, out, type, result, MOST_NUMBERS);
  }

  /**
   * @param mostNumbers of a matrix: rows that have more together go through in parts
   */
  RowProduct(Gpu gpu, boolean input, int in, int out, DType type, DType result, long mostNumbers) {
    this.gpu = gpu;
    this.input = input;
    this.in = in;
    this.out = out;
    this.type = type;
    this.result = result;
    this.mostNumbers = mostNumbers;
    product = new MatrixProduct(gpu, !input, false, type, result);
    candidates = algorithms(MANY);
    many = candidates.getFirst();
    ofSome = algorithms(SOME).getFirst();
    some = ofSome;
    ofFew = algorithms(FEW).getFirst();
    few = ofFew;
  }

  boolean is(boolean input, int in, int out, DType type, DType result) {
    return this.input == input
        && this.in == in
        && this.out == out
        && this.type == type
        && this.result == result;
  }

  private List<Algorithm> algorithms(int rows) {
    int wide = wide(out);
    int high = high(out);
    shape(out, rows, wide, high);
    List<Algorithm> found =
        product.algorithms(
            alignment((long) in * type.bytes()),
            alignment((long) wide * type.bytes()),
            alignment((long) high * result.bytes()));
    if (found.isEmpty()) {
      throw new IllegalStateException(
          "cuBLASLt has no algorithm without split sums for %s of a weight [%d × %d] in %s"
              .formatted(input ? "dy W" : "x Wᵀ", out, in, type));
    }
    return found;
  }

  private static int alignment(long bytes) {
    return (int) Math.min(WIDEST, Long.lowestOneBit(bytes));
  }

  private void shape(int outs, int rows, long xStride, long yStride) {
    product.a(in, outs, in);
    if (input) {
      product.b(outs, rows, xStride).d(in, rows, yStride);
    } else {
      product.b(in, rows, xStride).d(outs, rows, yStride);
    }
  }

  /** Numbers in a row that goes in, of {@code outs} outputs. */
  int wide(int outs) {
    return input ? outs : in;
  }

  /** Numbers in a row that comes out. */
  int high(int outs) {
    return input ? in : outs;
  }

  /** Whether it is dx = dy W. */
  boolean input() {
    return input;
  }

  DType type() {
    return type;
  }

  DType result() {
    return result;
  }

  /**
   * Queues the product of some of the weight's rows.
   *
   * @param w the address of the first of {@code outs} rows of the weight
   * @param x the address of the rows that go in, xStride numbers from one to the next
   * @param y the address of the rows that come out, yStride numbers from one to the next
   * @param accumulate whether the product is added to y
   */
  void multiply(
      long w, int outs, long x, long xStride, int rows, long y, long yStride, boolean accumulate) {
    if (rows == 0 || outs == 0) {
      return;
    }
    if (!checked) {
      checked = true;
      check(w);
    }
    if (chunked) {
      chunks(w, outs, x, xStride, rows, y, yStride, accumulate);
    } else {
      int most = most(Math.max(xStride, yStride));
      for (int r = 0; r < rows; r += most) {
        long xs = x + type.bytes() * xStride * r;
        long ys = y + result.bytes() * yStride * r;
        run(w, outs, xs, xStride, Math.min(most, rows - r), ys, yStride, accumulate);
      }
    }
  }

  /** Rows of so many numbers that go together at most. */
  private int most(long stride) {
    return (int) Math.max(1, mostNumbers / stride);
  }

  /** Decides for algorithms that leave a row its bits, or for chunks. */
  private void check(long w) {
    RowCheck check = new RowCheck(gpu, this, out, w);
    boolean someServe = servesAnyNumber(ofSome);
    boolean fewServe = servesAnyNumber(ofFew);
    for (Algorithm candidate : candidates) {
      if (!servesAnyNumber(candidate)) {
        continue;
      }
      Algorithm middle = someServe ? ofSome : candidate;
      Algorithm small = fewServe ? ofFew : candidate;
      if (agree(check, candidate, middle, small)
          || agree(check, candidate, candidate, small)
          || agree(check, candidate, middle, candidate)
          || agree(check, candidate, candidate, candidate)) {
        return;
      }
    }
    System.err.printf(
        "cuda: %s of a weight [%d × %d] in %s: none of cuBLASLt's %d algorithms gives a row the"
            + " same bits whatever the number of rows; they go through in chunks of %d, which is"
            + " slower%n",
        input ? "dy W" : "x Wᵀ", out, in, type, candidates.size(), CHUNK);
    chunk();
  }

  /** Takes these algorithms, and says whether a row's bits are the same with all of them. */
  private boolean agree(RowCheck check, Algorithm many, Algorithm some, Algorithm few) {
    this.many = many;
    this.some = some;
    this.few = few;
    servedOuts = 0;
    return check.passes();
  }

  private boolean servesAnyNumber(Algorithm algorithm) {
    int most = most(Math.max(wide(out), high(out)));
    for (int rows : NUMBERS) {
      shape(out, Math.min(rows, most), wide(out), high(out));
      if (!product.serves(algorithm)) {
        return false;
      }
    }
    return true;
  }

  /** From here on rows go through in chunks of a fixed number. */
  void chunk() {
    many = ofFew;
    some = ofFew;
    few = ofFew;
    servedOuts = 0;
    checked = true;
    chunked = true;
  }

  /** Queues the product, whatever was decided about chunks. */
  void run(
      long w, int outs, long x, long xStride, int rows, long y, long yStride, boolean accumulate) {
    shape(outs, rows, xStride, yStride);
    if (outs != servedOuts || xStride != servedX || yStride != servedY) {
      serve(outs, xStride, yStride);
    }
    product.multiply(algorithm(rows), w, x, y, accumulate);
  }

  private Algorithm algorithm(int rows) {
    return rows <= MOST_FEW ? few : rows <= MOST_SOME ? some : many;
  }

  private void serve(int outs, long xStride, long yStride) {
    if (!product.serves(few) || !product.serves(some) || !product.serves(many)) {
      throw new IllegalStateException(
          "cuBLASLt's algorithm for a weight [%d × %d] in %s does not serve %d of its outputs"
              .formatted(out, in, type, outs));
    }
    servedOuts = outs;
    servedX = xStride;
    servedY = yStride;
  }

  private void chunks(
      long w, int outs, long x, long xStride, int rows, long y, long yStride, boolean accumulate) {
    int whole = rows / CHUNK * CHUNK;
    for (int r = 0; r < whole; r += CHUNK) {
      long xs = x + type.bytes() * xStride * r;
      long ys = y + result.bytes() * yStride * r;
      run(w, outs, xs, xStride, CHUNK, ys, yStride, accumulate);
    }
    if (whole < rows) {
      long xs = x + type.bytes() * xStride * whole;
      long ys = y + result.bytes() * yStride * whole;
      padded(w, outs, xs, xStride, rows - whole, ys, yStride, accumulate);
    }
  }

  private void padded(
      long w, int outs, long x, long xStride, int rows, long y, long yStride, boolean accumulate) {
    long xBytes = (long) type.bytes() * wide(outs);
    long yBytes = (long) result.bytes() * high(outs);
    long xs = gpu.temporaries().reserve("padded rows", xBytes * CHUNK);
    long ys = gpu.temporaries().reserve("products of padded rows", yBytes * CHUNK);
    gpu.queue().zero(xs, xBytes * CHUNK);
    gpu.queue().zero(ys, yBytes * CHUNK);
    for (int r = 0; r < rows; r++) {
      gpu.queue().copy(x + type.bytes() * xStride * r, xs + xBytes * r, xBytes);
      if (accumulate) {
        gpu.queue().copy(y + result.bytes() * yStride * r, ys + yBytes * r, yBytes);
      }
    }
    run(w, outs, xs, wide(outs), CHUNK, ys, high(outs), accumulate);
    for (int r = 0; r < rows; r++) {
      gpu.queue().copy(ys + yBytes * r, y + result.bytes() * yStride * r, yBytes);
    }
  }

  /** Whether rows go through in chunks of a fixed number. */
  boolean chunked() {
    return chunked;
  }

  @Override
  public void close() {
    product.close();
  }
}
