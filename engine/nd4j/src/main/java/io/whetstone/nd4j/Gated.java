package io.whetstone.nd4j;

import io.whetstone.tensor.Gate;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.ops.transforms.Transforms;

/** The activations of gated feed-forward layers, and their slopes, of each number of x. */
final class Gated {
  private static final double ROOT = Math.sqrt(2 / Math.PI);
  private static final double CUBE = 0.044715;

  private Gated() {}

  /** x σ(x), or ½ x (1 + tanh(√(2/π) (x + 0.044715 x³))). */
  static INDArray activation(Gate gate, INDArray x) {
    return switch (gate) {
      case SILU -> Transforms.sigmoid(x).muli(x);
      case GELU_TANH -> tanh(x).addi(1).muli(x).muli(0.5);
    };
  }

  /**
   * SiLU: σ(x) (1 + x (1 − σ(x))). GELU, with t = tanh(u(x)): ½ (1 + t) + ½ x (1 − t²) u′(x), u′(x)
   * = √(2/π) (1 + 3 · 0.044715 x²).
   */
  static INDArray slope(Gate gate, INDArray x) {
    return switch (gate) {
      case SILU -> {
        INDArray sigmoid = Transforms.sigmoid(x);
        yield sigmoid.rsub(1).muli(x).addi(1).muli(sigmoid);
      }
      case GELU_TANH -> {
        INDArray t = tanh(x);
        INDArray inner = x.mul(x).muli(3 * CUBE).addi(1).muli(ROOT);
        INDArray steep = t.mul(t).rsubi(1).muli(x).muli(inner);
        yield t.add(1).addi(steep).muli(0.5);
      }
    };
  }

  private static INDArray tanh(INDArray x) {
    return Transforms.tanh(x.mul(x).muli(x).muli(CUBE).addi(x).muli(ROOT));
  }
}
