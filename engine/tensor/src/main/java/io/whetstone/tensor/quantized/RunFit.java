package io.whetstone.tensor.quantized;

/**
 * The scale and the minimum with which a run of numbers is nearest to scale · q − min, for whole q
 * of 0 to a most.
 *
 * <p>Grid search over the scale: for each candidate the numbers are rounded, then scale and min are
 * the weighted least squares fit for these q. A number's weight is its size plus the run's root
 * mean square, since errors of large weights matter more; that, and the grid, are those of ggml's
 * Q4_K reference.
 *
 * @param scale ≥ 0
 * @param min ≥ 0: the smallest number that is held is −min
 */
record RunFit(float scale, float min) {
  private static final int STEPS = 20;
  private static final double FIRST_STEP = -1;
  private static final double STEP = 0.1;

  static RunFit of(float[] x, int from, int count, int most) {
    double least = 0;
    double greatest = x[from];
    double squares = 0;
    for (int i = from; i < from + count; i++) {
      least = Math.min(least, x[i]);
      greatest = Math.max(greatest, x[i]);
      squares += (double) x[i] * x[i];
    }
    if (greatest <= least) {
      return new RunFit(0, (float) -least);
    }
    double rms = Math.sqrt(squares / count);
    Sums all = new Sums(x, from, count, rms);
    double range = greatest - least;
    RunFit best = new RunFit((float) (range / most), (float) -least);
    double bestError = all.error(most / range, least, most, best);
    for (int step = 0; step <= STEPS; step++) {
      double inverse = (most + FIRST_STEP + STEP * step) / (greatest - least);
      RunFit fit = all.fit(inverse, least, most);
      double error = fit == null ? bestError : all.error(inverse, least, most, fit);
      if (error < bestError) {
        best = fit;
        bestError = error;
        least = -fit.min;
      }
    }
    return best;
  }

  private record Sums(float[] x, int from, int count, double rms) {
    private static int quant(double value, double inverse, double least, int most) {
      return (int) Math.clamp(Math.rint(inverse * (value - least)), 0, most);
    }

    private double weight(int i) {
      return rms + Math.abs(x[i]);
    }

    /** Least squares for the q that a candidate gives; null where all are one. */
    RunFit fit(double inverse, double least, int most) {
      double w = 0;
      double wx = 0;
      double wq = 0;
      double wqq = 0;
      double wqx = 0;
      for (int i = from; i < from + count; i++) {
        int q = quant(x[i], inverse, least, most);
        double weight = weight(i);
        w += weight;
        wx += weight * x[i];
        wq += weight * q;
        wqq += weight * q * q;
        wqx += weight * q * x[i];
      }
      double determinant = w * wqq - wq * wq;
      if (determinant <= 0) {
        return null;
      }
      double scale = (w * wqx - wx * wq) / determinant;
      double min = (wqq * wx - wq * wqx) / determinant;
      return min > 0 ? new RunFit((float) (wqx / wqq), 0) : new RunFit((float) scale, (float) -min);
    }

    double error(double inverse, double least, int most, RunFit fit) {
      double sum = 0;
      for (int i = from; i < from + count; i++) {
        double off = fit.scale * quant(x[i], inverse, least, most) - fit.min - x[i];
        sum += weight(i) * off * off;
      }
      return sum;
    }
  }
}
