package io.whetstone.tensor.conformance;

import io.whetstone.tensor.Gate;

/** Gated feed-forward activations in double precision. */
final class ReferenceGate {
  private ReferenceGate() {}

  /** y[r, c] = gate(x[r, c]) · x[r, n + c]: x [rows, 2n]. */
  static Expected forward(Gate gate, double[] x, int rows, int n) {
    Expected y = new Expected(rows * n);
    for (int r = 0; r < rows; r++) {
      for (int c = 0; c < n; c++) {
        double a = x[r * 2 * n + c];
        double up = x[r * 2 * n + n + c];
        y.add(r * n + c, activation(gate, a) * up, activationTerms(gate, a) * Math.abs(up));
      }
    }
    return y;
  }

  /** dx[r, c] = dy · gate′(x[r, c]) · x[r, n + c] and dx[r, n + c] = dy · gate(x[r, c]). */
  static Expected backward(Gate gate, double[] dy, double[] x, int rows, int n) {
    Expected dx = new Expected(rows * 2 * n);
    for (int r = 0; r < rows; r++) {
      for (int c = 0; c < n; c++) {
        double a = x[r * 2 * n + c];
        double up = x[r * 2 * n + n + c];
        double d = dy[r * n + c];
        dx.add(
            r * 2 * n + c,
            d * derivative(gate, a) * up,
            Math.abs(d * up) * derivativeTerms(gate, a));
        dx.add(r * 2 * n + n + c, d * activation(gate, a), Math.abs(d) * activationTerms(gate, a));
      }
    }
    return dx;
  }

  private static double activation(Gate gate, double x) {
    return switch (gate) {
      case SILU -> x * sigmoid(x);
      case GELU_TANH -> 0.5 * x * (1 + Math.tanh(inner(x)));
    };
  }

  private static double derivative(Gate gate, double x) {
    return switch (gate) {
      case SILU -> sigmoid(x) * (1 + x * (1 - sigmoid(x)));
      case GELU_TANH -> {
        double tanh = Math.tanh(inner(x));
        yield 0.5 * (1 + tanh) + 0.5 * x * (1 - tanh * tanh) * innerDerivative(x);
      }
    };
  }

  /** As {@link #activation}, with every term positive. */
  private static double activationTerms(Gate gate, double x) {
    return switch (gate) {
      case SILU -> Math.abs(x) * sigmoid(x);
      case GELU_TANH -> 0.5 * Math.abs(x) * (1 + Math.abs(Math.tanh(inner(x))));
    };
  }

  /**
   * As {@link #derivative}, with every term positive. For GELU the slope of tanh is steep in its
   * argument: a rounding of the argument moves 1 − tanh² by as many times 2 · |argument|.
   */
  private static double derivativeTerms(Gate gate, double x) {
    return switch (gate) {
      case SILU -> sigmoid(x) * (1 + Math.abs(x) * (1 - sigmoid(x)));
      case GELU_TANH -> {
        double tanh = Math.abs(Math.tanh(inner(x)));
        double slope = 0.5 * Math.abs(x * (1 - tanh * tanh) * innerDerivative(x));
        yield 0.5 * (1 + tanh) + slope * (1 + Math.abs(inner(x)));
      }
    };
  }

  private static double sigmoid(double x) {
    return 1 / (1 + Math.exp(-x));
  }

  private static double inner(double x) {
    return Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x);
  }

  private static double innerDerivative(double x) {
    return Math.sqrt(2 / Math.PI) * (1 + 3 * 0.044715 * x * x);
  }
}
