package io.whetstone.cpu;

import static io.whetstone.cpu.Memory.LANES;
import static io.whetstone.cpu.Memory.SPECIES;

import io.whetstone.tensor.DType;
import io.whetstone.tensor.Gate;
import io.whetstone.tensor.Tensor;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/**
 * Gated feed-forward activations.
 *
 * <p>Both gates are x σ(w(x)): SiLU with w = x, and the tanh form of GELU with w = 2√(2/π) (x +
 * 0.044715 x³), since ½ (1 + tanh z) = σ(2z). So their gradient is σ + x σ (1 − σ) w′.
 */
final class Gated {
  private static final double TWICE_ROOT = 2 * StrictMath.sqrt(2 / StrictMath.PI);
  private static final FloatVector LINEAR = constant(TWICE_ROOT);
  private static final FloatVector CUBIC = constant(TWICE_ROOT * 0.044715);
  private static final FloatVector CUBIC_SLOPE = constant(3 * TWICE_ROOT * 0.044715);
  private static final FloatVector ONE = constant(1);

  /** Columns worked on at once: few enough that widened ones stay in the nearest cache. */
  private static final int BLOCK = 1024;

  private final Workers workers;
  private final ThreadLocal<Scratch> scratch = ThreadLocal.withInitial(Scratch::new);

  Gated(Workers workers) {
    this.workers = workers;
  }

  void gated(Gate gate, Tensor x, Tensor y) {
    int n = y.columns();
    DType type = x.dtype();
    int bytes = type.bytes();
    long rowBytes = (long) bytes * n;
    long xs = Memory.address(x);
    long ys = Memory.address(y);
    Ranges.run(
        workers,
        y.rows(),
        4L * n,
        1,
        (from, to) -> {
          long work = scratch.get().reserve(2 * 4L * BLOCK);
          for (int r = from; r < to; r++) {
            for (int c = 0; c < n; c += BLOCK) {
              int count = Math.min(BLOCK, n - c);
              long x0 = xs + 2 * rowBytes * r + (long) bytes * c;
              long y0 = ys + rowBytes * r + (long) bytes * c;
              long gates = Bfloat16.floats(type, x0, count, work);
              long ups = Bfloat16.floats(type, x0 + rowBytes, count, work + 4L * BLOCK);
              forward(gate, gates, ups, Bfloat16.target(type, y0, work), count);
              Bfloat16.settle(type, y0, count, work);
            }
          }
        });
  }

  void gatedBackward(Gate gate, Tensor dy, Tensor x, Tensor dx) {
    int n = dy.columns();
    DType type = x.dtype();
    int bytes = type.bytes();
    long rowBytes = (long) bytes * n;
    long dys = Memory.address(dy);
    long xs = Memory.address(x);
    long dxs = Memory.address(dx);
    Ranges.run(
        workers,
        dy.rows(),
        6L * n,
        1,
        (from, to) -> {
          long work = scratch.get().reserve(3 * 4L * BLOCK);
          long second = work + 4L * BLOCK;
          for (int r = from; r < to; r++) {
            for (int c = 0; c < n; c += BLOCK) {
              int count = Math.min(BLOCK, n - c);
              long x0 = xs + 2 * rowBytes * r + (long) bytes * c;
              long dx0 = dxs + 2 * rowBytes * r + (long) bytes * c;
              long gates = Bfloat16.floats(type, x0, count, work);
              long ups = Bfloat16.floats(type, x0 + rowBytes, count, second);
              long dy0 = dys + rowBytes * r + (long) bytes * c;
              long d = Bfloat16.floats(type, dy0, count, second + 4L * BLOCK);
              long dGates = Bfloat16.target(type, dx0, work);
              long dUps = Bfloat16.target(type, dx0 + rowBytes, second);
              backward(gate, d, gates, ups, dGates, dUps, count);
              Bfloat16.settle(type, dx0, count, work);
              Bfloat16.settle(type, dx0 + rowBytes, count, second);
            }
          }
        });
  }

  private static void forward(Gate gate, long gates, long ups, long y, int n) {
    int c = 0;
    for (; c <= n - LANES; c += LANES) {
      FloatVector g = Memory.load(gates + 4L * c);
      Memory.store(g.mul(sigmoid(gate, g)).mul(Memory.load(ups + 4L * c)), y + 4L * c);
    }
    if (c < n) {
      VectorMask<Float> rest = SPECIES.indexInRange(c, n);
      FloatVector g = Memory.load(gates + 4L * c, rest);
      FloatVector value = g.mul(sigmoid(gate, g)).mul(Memory.load(ups + 4L * c, rest));
      Memory.store(value, y + 4L * c, rest);
    }
  }

  private static void backward(
      Gate gate, long dy, long gates, long ups, long dGates, long dUps, int n) {
    int c = 0;
    for (; c <= n - LANES; c += LANES) {
      FloatVector g = Memory.load(gates + 4L * c);
      FloatVector d = Memory.load(dy + 4L * c);
      FloatVector up = Memory.load(ups + 4L * c);
      FloatVector s = sigmoid(gate, g);
      Memory.store(d.mul(g.mul(s)), dUps + 4L * c);
      Memory.store(d.mul(up).mul(slope(gate, g, s)), dGates + 4L * c);
    }
    if (c < n) {
      VectorMask<Float> rest = SPECIES.indexInRange(c, n);
      FloatVector g = Memory.load(gates + 4L * c, rest);
      FloatVector d = Memory.load(dy + 4L * c, rest);
      FloatVector up = Memory.load(ups + 4L * c, rest);
      FloatVector s = sigmoid(gate, g);
      Memory.store(d.mul(g.mul(s)), dUps + 4L * c, rest);
      Memory.store(d.mul(up).mul(slope(gate, g, s)), dGates + 4L * c, rest);
    }
  }

  /** σ(w(x)). */
  private static FloatVector sigmoid(Gate gate, FloatVector x) {
    FloatVector w = gate == Gate.SILU ? x : x.mul(x.mul(x).fma(CUBIC, LINEAR));
    return ONE.div(VectorMath.exp(w.neg()).add(ONE));
  }

  /** σ + x σ (1 − σ) w′. */
  private static FloatVector slope(Gate gate, FloatVector x, FloatVector sigmoid) {
    FloatVector inner = ONE.sub(sigmoid);
    if (gate == Gate.GELU_TANH) {
      inner = inner.mul(x.mul(x).fma(CUBIC_SLOPE, LINEAR));
    }
    return x.mul(sigmoid).fma(inner, sigmoid);
  }

  private static FloatVector constant(double value) {
    return FloatVector.broadcast(SPECIES, (float) value);
  }
}
