package io.whetstone.tensor.conformance;

/** Logprobs and entropies of a head W [V, h] at a temperature, in double precision. */
final class ReferenceHead {
  private final double[] x;
  private final double[] w;
  private final int[] targets;
  private final int hidden;
  private final int vocabulary;
  private final double softCap;
  private final double temperature;

  /**
   * @param softCap 0 for none
   */
  ReferenceHead(
      double[] x, double[] w, int[] targets, int hidden, double softCap, double temperature) {
    this.x = x;
    this.w = w;
    this.targets = targets;
    this.hidden = hidden;
    this.vocabulary = w.length / hidden;
    this.softCap = softCap;
    this.temperature = temperature;
  }

  /** Each [R]. */
  record Forward(Expected logprobs, Expected entropy, Expected logSumExp) {}

  /** dx [R, h] and dW [V, h]. */
  record Backward(Expected dx, Expected dHead) {}

  /** logprob = z[target] − log Σ exp z and entropy = −Σ p log p, with z = x Wᵀ / temperature. */
  Forward forward() {
    Expected logprobs = new Expected(targets.length);
    Expected entropy = new Expected(targets.length);
    Expected logSumExp = new Expected(targets.length);
    for (int r = 0; r < targets.length; r++) {
      Softmax row = softmax(r);
      logSumExp.add(r, row.logSumExp, row.rounding);
      logprobs.add(r, row.logP(targets[r]), row.rounding + Math.abs(row.logP(targets[r])));
      entropy.add(r, row.entropy(), row.rounding * (1 + row.entropy()));
    }
    return new Forward(logprobs, entropy, logSumExp);
  }

  /**
   * ∂L/∂z[v] = dLogprob (1[v = target] − p[v]) − dEntropy p[v] (log p[v] + entropy); dx = ∂L/∂z W /
   * temperature, dW = initial + ∂L/∂zᵀ x / temperature.
   */
  Backward backward(double[] dLogprobs, double[] dEntropy, double[] initialDHead) {
    Expected dx = new Expected(x.length);
    Expected dHead = Expected.startingFrom(initialDHead);
    for (int r = 0; r < targets.length; r++) {
      Softmax row = softmax(r);
      double entropy = row.entropy();
      for (int v = 0; v < vocabulary; v++) {
        double p = row.p(v);
        double target = v == targets[r] ? 1 : 0;
        double surprise = p * (row.logP(v) + entropy);
        double surpriseTerms = p * (Math.abs(row.logP(v)) + entropy + 1);
        double slope = row.slopes[v];
        double dz = slope * (dLogprobs[r] * (target - p) - dEntropy[r] * surprise) / temperature;
        double dzTerms =
            (Math.abs(dLogprobs[r]) * (target + p * row.rounding)
                    + Math.abs(dEntropy[r]) * surpriseTerms * row.rounding)
                * (softCap == 0 ? 1 : slope * row.rounding + 1)
                / temperature;
        for (int i = 0; i < hidden; i++) {
          double input = x[r * hidden + i];
          double weight = w[v * hidden + i];
          dx.add(r * hidden + i, dz * weight, dzTerms * Math.abs(weight));
          dHead.add(v * hidden + i, dz * input, dzTerms * Math.abs(input));
        }
      }
    }
    return new Backward(dx, dHead);
  }

  /**
   * One row's softmax.
   *
   * @param slopes of the cap
   * @param rounding 1 + a sixteenth of the largest logit's sum of absolute terms: an exponent
   *     rounded on the scale of its terms is a factor as far from one
   */
  private record Softmax(double[] z, double[] slopes, double logSumExp, double rounding) {
    double logP(int v) {
      return z[v] - logSumExp;
    }

    double p(int v) {
      return Math.exp(logP(v));
    }

    double entropy() {
      double entropy = 0;
      for (int v = 0; v < z.length; v++) {
        entropy -= p(v) * logP(v);
      }
      return entropy;
    }
  }

  private Softmax softmax(int row) {
    double[] z = new double[vocabulary];
    double[] slopes = new double[vocabulary];
    double largest = Double.NEGATIVE_INFINITY;
    double largestTerms = 0;
    for (int v = 0; v < vocabulary; v++) {
      double terms = 0;
      for (int i = 0; i < hidden; i++) {
        double term = x[row * hidden + i] * w[v * hidden + i];
        z[v] += term;
        terms += Math.abs(term) / temperature;
      }
      slopes[v] = 1;
      if (softCap > 0) {
        double ratio = Math.tanh(z[v] / softCap);
        z[v] = softCap * ratio;
        slopes[v] = 1 - ratio * ratio;
      }
      z[v] /= temperature;
      largest = Math.max(largest, z[v]);
      largestTerms = Math.max(largestTerms, terms);
    }
    double sum = 0;
    for (double logit : z) {
      sum += Math.exp(logit - largest);
    }
    return new Softmax(z, slopes, largest + Math.log(sum), 1 + largestTerms / 16);
  }
}
