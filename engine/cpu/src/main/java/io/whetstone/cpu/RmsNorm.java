package io.whetstone.cpu;

import static io.whetstone.cpu.Memory.LANES;
import static io.whetstone.cpu.Memory.SPECIES;

import io.whetstone.tensor.DType;
import io.whetstone.tensor.Tensor;
import jdk.incubator.vector.FloatVector;

/** RMSNorm over the rows of a matrix; formulas are with {@code Backend.rmsNorm}. */
final class RmsNorm {
  /** Rows whose part of the weight's gradient is summed on its own: fixed, so the bits are too. */
  private static final int CHUNK = 64;

  private final Workers workers;
  private final Scratch partials = new Scratch();
  private final ThreadLocal<Scratch> scratch = ThreadLocal.withInitial(Scratch::new);

  RmsNorm(Workers workers) {
    this.workers = workers;
  }

  void rmsNorm(Tensor x, Tensor weight, float epsilon, float offset, Tensor y, Tensor rstd) {
    int n = x.columns();
    DType type = y.dtype();
    long xs = Memory.address(x);
    long ys = Memory.address(y);
    long weights = Memory.address(weight);
    long rstds = Memory.address(rstd);
    Ranges.run(
        workers,
        x.rows(),
        2L * n,
        1,
        (from, to) -> {
          long work = scratch.get().reserve(4L * n);
          for (int r = from; r < to; r++) {
            long row = xs + 4L * n * r;
            long yRow = ys + (long) type.bytes() * n * r;
            float scale = rstd(row, epsilon, n);
            Memory.set(rstds + 4L * r, scale);
            normalize(row, weights, offset, scale, Bfloat16.target(type, yRow, work), n);
            Bfloat16.settle(type, yRow, n, work);
          }
        });
  }

  /**
   * With g = dy (offset + weight): dx += rstd (g − x rstd² mean(g x)), dWeight += Σ_r dy x rstd.
   *
   * <p>The sum over rows is taken in chunks of {@value #CHUNK} rows, and the chunks added in order.
   */
  void rmsNormBackward(
      Tensor dy, Tensor x, Tensor weight, float offset, Tensor rstd, Tensor dx, Tensor dWeight) {
    int n = x.columns();
    int rows = x.rows();
    DType type = dy.dtype();
    int chunks = (rows + CHUNK - 1) / CHUNK;
    int padded = (n + 15) / 16 * 16;
    long sums = partials.reserve(4L * padded * chunks);
    long dys = Memory.address(dy);
    long xs = Memory.address(x);
    long dxs = Memory.address(dx);
    long weights = Memory.address(weight);
    long rstds = Memory.address(rstd);
    Ranges.run(
        workers,
        chunks,
        4L * n * CHUNK,
        1,
        (from, to) -> {
          long work = scratch.get().reserve(4L * n);
          for (int chunk = from; chunk < to; chunk++) {
            long sum = sums + 4L * padded * chunk;
            Memory.zero(sum, 4L * padded);
            for (int r = chunk * CHUNK; r < Math.min(rows, (chunk + 1) * CHUNK); r++) {
              long row = 4L * n * r;
              float scale = Memory.get(rstds + 4L * r);
              long d = Bfloat16.floats(type, dys + (long) type.bytes() * n * r, n, work);
              float projection = projection(d, xs + row, weights, offset, n);
              float shrink = -scale * scale * (projection / n);
              backward(d, xs + row, weights, offset, scale, shrink, dxs + row, sum, n);
            }
          }
        });
    long dWeights = Memory.address(dWeight);
    Ranges.run(
        workers,
        n,
        chunks,
        16,
        (from, to) -> {
          for (int chunk = 0; chunk < chunks; chunk++) {
            Rows.addColumns(sums + 4L * padded * chunk, dWeights, from, to);
          }
        });
  }

  /** 1/√(mean x² + epsilon). */
  static float rstd(long x, float epsilon, int columns) {
    return 1 / (float) Math.sqrt(VectorMath.dot(x, x, columns) / columns + epsilon);
  }

  /** y = x · scale · (offset + weight). */
  static void normalize(long x, long weight, float offset, float scale, long y, int columns) {
    int c = 0;
    for (; c <= columns - LANES; c += LANES) {
      FloatVector factor = Memory.load(weight + 4L * c).add(offset);
      Memory.store(Memory.load(x + 4L * c).mul(scale).mul(factor), y + 4L * c);
    }
    for (; c < columns; c++) {
      float factor = Memory.get(weight + 4L * c) + offset;
      Memory.set(y + 4L * c, Memory.get(x + 4L * c) * scale * factor);
    }
  }

  /** With g = dy (offset + weight): dx += scale (g + shrink x), dWeight += dy x scale. */
  static void backward(
      long dy,
      long x,
      long weight,
      float offset,
      float scale,
      float shrink,
      long dx,
      long dWeight,
      int columns) {
    FloatVector scales = FloatVector.broadcast(SPECIES, scale);
    FloatVector shrinks = FloatVector.broadcast(SPECIES, shrink);
    int c = 0;
    for (; c <= columns - LANES; c += LANES) {
      FloatVector dyc = Memory.load(dy + 4L * c);
      FloatVector xc = Memory.load(x + 4L * c);
      FloatVector g = dyc.mul(Memory.load(weight + 4L * c).add(offset));
      Memory.store(xc.fma(shrinks, g).fma(scales, Memory.load(dx + 4L * c)), dx + 4L * c);
      Memory.store(dyc.fma(xc.mul(scales), Memory.load(dWeight + 4L * c)), dWeight + 4L * c);
    }
    for (; c < columns; c++) {
      float dyc = Memory.get(dy + 4L * c);
      float xc = Memory.get(x + 4L * c);
      float g = dyc * (Memory.get(weight + 4L * c) + offset);
      float inner = Math.fma(xc, shrink, g);
      Memory.set(dx + 4L * c, Math.fma(inner, scale, Memory.get(dx + 4L * c)));
      Memory.set(dWeight + 4L * c, Math.fma(dyc, xc * scale, Memory.get(dWeight + 4L * c)));
    }
  }

  /** Σ dy (offset + weight) x: lanes, then what is left over. */
  static float projection(long dy, long x, long weight, float offset, int columns) {
    FloatVector sums = FloatVector.zero(SPECIES);
    int c = 0;
    for (; c <= columns - LANES; c += LANES) {
      FloatVector g = Memory.load(dy + 4L * c).mul(Memory.load(weight + 4L * c).add(offset));
      sums = g.fma(Memory.load(x + 4L * c), sums);
    }
    float sum = VectorMath.sum(sums);
    for (; c < columns; c++) {
      float g = Memory.get(dy + 4L * c) * (Memory.get(weight + 4L * c) + offset);
      sum = Math.fma(g, Memory.get(x + 4L * c), sum);
    }
    return sum;
  }
}
