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
  private static final float LINEAR = (float) (2 * StrictMath.sqrt(2 / StrictMath.PI));
  private static final float CUBIC = (float) (2 * StrictMath.sqrt(2 / StrictMath.PI) * 0.044715);

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
    for (int c = 0; c < n; c += LANES) {
      VectorMask<Float> lanes = SPECIES.indexInRange(c, n);
      FloatVector g = Memory.load(x + 4L * c, lanes);
      FloatVector up = Memory.load(x + 4L * (n + c), lanes);
      Memory.store(g.mul(sigmoid(argument(gate, g))).mul(up), y + 4L * c, lanes);
    }
  }

  private static void backward(Gate gate, long dy, long x, long dx, int n) {
    for (int c = 0; c < n; c += LANES) {
      VectorMask<Float> lanes = SPECIES.indexInRange(c, n);
      FloatVector g = Memory.load(x + 4L * c, lanes);
      FloatVector up = Memory.load(x + 4L * (n + c), lanes);
      FloatVector d = Memory.load(dy + 4L * c, lanes);
      FloatVector s = sigmoid(argument(gate, g));
      FloatVector value = g.mul(s);
      FloatVector inner = FloatVector.broadcast(SPECIES, 1).sub(s);
      if (gate == Gate.GELU_TANH) {
        inner = inner.mul(g.mul(g).fma(constant(3 * CUBIC), constant(LINEAR)));
      }
      FloatVector slope = value.fma(inner, s);
      Memory.store(d.mul(up).mul(slope), dx + 4L * c, lanes);
      Memory.store(d.mul(value), dx + 4L * (n + c), lanes);
    }
  }

  /** w(x). */
  private static FloatVector argument(Gate gate, FloatVector x) {
    return switch (gate) {
      case SILU -> x;
      case GELU_TANH -> x.mul(x.mul(x).fma(constant(CUBIC), constant(LINEAR)));
    };
  }

  private static FloatVector sigmoid(FloatVector x) {
    FloatVector one = FloatVector.broadcast(SPECIES, 1);
    return one.div(VectorMath.exp(x.neg()).add(one));
  }

  private static FloatVector constant(float value) {
    return FloatVector.broadcast(SPECIES, value);
  }
}
