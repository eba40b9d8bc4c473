package io.whetstone.tensor.conformance;

/** Products with a weight W [out, in], in double precision. */
final class ReferenceLinear {
  private ReferenceLinear() {}

  /** y[r, o] = initial[r, o] + Σ_i x[r, i] w[o, i]. */
  static Expected forward(double[] x, double[] w, double[] initial, int rows, int in, int out) {
    Expected y = Expected.startingFrom(initial);
    for (int r = 0; r < rows; r++) {
      for (int o = 0; o < out; o++) {
        for (int i = 0; i < in; i++) {
          y.add(r * out + o, x[r * in + i] * w[o * in + i]);
        }
      }
    }
    return y;
  }

  /** dx[r, i] = initial[r, i] + Σ_o dy[r, o] w[o, i]. */
  static Expected backwardInput(
      double[] dy, double[] w, double[] initial, int rows, int in, int out) {
    Expected dx = Expected.startingFrom(initial);
    for (int r = 0; r < rows; r++) {
      for (int i = 0; i < in; i++) {
        for (int o = 0; o < out; o++) {
          dx.add(r * in + i, dy[r * out + o] * w[o * in + i]);
        }
      }
    }
    return dx;
  }

  /** dW[o, i] = initial[o, i] + Σ_r dy[r, o] x[r, i]. */
  static Expected backwardWeight(
      double[] x, double[] dy, double[] initial, int rows, int in, int out) {
    Expected dw = Expected.startingFrom(initial);
    for (int o = 0; o < out; o++) {
      for (int i = 0; i < in; i++) {
        for (int r = 0; r < rows; r++) {
          dw.add(o * in + i, dy[r * out + o] * x[r * in + i]);
        }
      }
    }
    return dw;
  }

  /** y[r, c] = initial[r, c] + bias[c]. */
  static Expected addBias(double[] bias, double[] initial, int rows) {
    Expected y = Expected.startingFrom(initial);
    for (int r = 0; r < rows; r++) {
      for (int c = 0; c < bias.length; c++) {
        y.add(r * bias.length + c, bias[c]);
      }
    }
    return y;
  }

  /** dBias[c] = initial[c] + Σ_r dy[r, c]. */
  static Expected addBiasBackward(double[] dy, double[] initial, int rows) {
    Expected dBias = Expected.startingFrom(initial);
    for (int r = 0; r < rows; r++) {
      for (int c = 0; c < initial.length; c++) {
        dBias.add(c, dy[r * initial.length + c]);
      }
    }
    return dBias;
  }
}
