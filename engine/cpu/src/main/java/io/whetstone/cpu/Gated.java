package io.whetstone.cpu;

import static io.whetstone.cpu.Memory.LANES;
import static io.whetstone.cpu.Memory.SPECIES;

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

  private final Workers workers;

  Gated(Workers workers) {
    this.workers = workers;
  }

  void gated(Gate gate, Tensor x, Tensor y) {
    int n = y.columns();
    long xs = Memory.address(x);
    long ys = Memory.address(y);
    Ranges.run(
        workers,
        y.rows(),
        4L * n,
        1,
        (from, to) -> {
          for (int r = from; r < to; r++) {
            forward(gate, xs + 8L * n * r, ys + 4L * n * r, n);
          }
        });
  }

  void gatedBackward(Gate gate, Tensor dy, Tensor x, Tensor dx) {
    int n = dy.columns();
    long dys = Memory.address(dy);
    long xs = Memory.address(x);
    long dxs = Memory.address(dx);
    Ranges.run(
        workers,
        dy.rows(),
        6L * n,
        1,
        (from, to) -> {
          for (int r = from; r < to; r++) {
            backward(gate, dys + 4L * n * r, xs + 8L * n * r, dxs + 8L * n * r, n);
          }
        });
  }

  private static void forward(Gate gate, long x, long y, int n) {
    long ups = x + 4L * n;
    int c = 0;
    for (; c <= n - LANES; c += LANES) {
      FloatVector g = Memory.load(x + 4L * c);
      Memory.store(g.mul(sigmoid(gate, g)).mul(Memory.load(ups + 4L * c)), y + 4L * c);
    }
    if (c < n) {
      VectorMask<Float> rest = SPECIES.indexInRange(c, n);
      FloatVector g = Memory.load(x + 4L * c, rest);
      FloatVector value = g.mul(sigmoid(gate, g)).mul(Memory.load(ups + 4L * c, rest));
      Memory.store(value, y + 4L * c, rest);
    }
  }

  private static void backward(Gate gate, long dy, long x, long dx, int n) {
    long ups = x + 4L * n;
    long dUps = dx + 4L * n;
    int c = 0;
    for (; c <= n - LANES; c += LANES) {
      FloatVector g = Memory.load(x + 4L * c);
      FloatVector d = Memory.load(dy + 4L * c);
      FloatVector s = sigmoid(gate, g);
      Memory.store(d.mul(g.mul(s)), dUps + 4L * c);
      Memory.store(d.mul(Memory.load(ups + 4L * c)).mul(slope(gate, g, s)), dx + 4L * c);
    }
    if (c < n) {
      VectorMask<Float> rest = SPECIES.indexInRange(c, n);
      FloatVector g = Memory.load(x + 4L * c, rest);
      FloatVector d = Memory.load(dy + 4L * c, rest);
      FloatVector s = sigmoid(gate, g);
      Memory.store(d.mul(g.mul(s)), dUps + 4L * c, rest);
      FloatVector dUp = d.mul(Memory.load(ups + 4L * c, rest));
      Memory.store(dUp.mul(slope(gate, g, s)), dx + 4L * c, rest);
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
