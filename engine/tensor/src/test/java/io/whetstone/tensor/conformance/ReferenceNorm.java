package io.whetstone.tensor.conformance;

/** RMSNorm in double precision. */
final class ReferenceNorm {
  private ReferenceNorm() {}

  /** y [R, n] and rstd [R]. */
  record Forward(Expected y, Expected rstd) {}

  /** dx [R, n] and dWeight [n]. */
  record Backward(Expected dx, Expected dWeight) {}

  /** y[r, c] = x[r, c] · rstd[r] · (offset + weight[c]). */
  static Forward forward(double[] x, double[] weight, int rows, double epsilon, double offset) {
    int n = weight.length;
    Expected y = new Expected(rows * n);
    Expected rstd = new Expected(rows);
    for (int r = 0; r < rows; r++) {
      double scale = rstd(x, r, n, epsilon);
      rstd.add(r, scale);
      for (int c = 0; c < n; c++) {
        double normal = x[r * n + c] * scale;
        y.add(
            r * n + c,
            normal * (offset + weight[c]),
            Math.abs(normal) * (Math.abs(offset) + Math.abs(weight[c])));
      }
    }
    return new Forward(y, rstd);
  }

  /**
   * With g[c] = dy[c] (offset + weight[c]): dx[c] = g[c] rstd − x[c] rstd³ / n · Σ_k g[k] x[k], and
   * dWeight[c] = Σ_r dy[r, c] x[r, c] rstd[r]; each added to what is there.
   */
  static Backward backward(
      double[] dy,
      double[] x,
      double[] weight,
      double[] rstd,
      double offset,
      double[] initialDx,
      double[] initialDWeight) {
    int n = weight.length;
    Expected dx = Expected.startingFrom(initialDx);
    Expected dWeight = Expected.startingFrom(initialDWeight);
    for (int r = 0; r < rstd.length; r++) {
      double scale = rstd[r];
      double dot = 0;
      double dotTerms = 0;
      for (int c = 0; c < n; c++) {
        double term = dy[r * n + c] * (offset + weight[c]) * x[r * n + c];
        dot += term;
        dotTerms += Math.abs(term);
      }
      for (int c = 0; c < n; c++) {
        int i = r * n + c;
        double share = x[i] * scale * scale * scale / n;
        dx.add(i, dy[i] * (offset + weight[c]) * scale);
        dx.add(i, -share * dot, Math.abs(share) * dotTerms);
        dWeight.add(c, dy[i] * x[i] * scale);
      }
    }
    return new Backward(dx, dWeight);
  }

  private static double rstd(double[] x, int row, int n, double epsilon) {
    double squares = 0;
    for (int c = 0; c < n; c++) {
      squares += x[row * n + c] * x[row * n + c];
    }
    return 1 / Math.sqrt(squares / n + epsilon);
  }
}
