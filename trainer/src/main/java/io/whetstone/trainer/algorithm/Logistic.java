package io.whetstone.trainer.algorithm;

/** The logistic function and its logarithm, without overflow. */
final class Logistic {
  private Logistic() {}

  /** ln(1 + eˣ) = −ln σ(−x). */
  static double softplus(double x) {
    return Math.max(x, 0) + StrictMath.log1p(StrictMath.exp(-Math.abs(x)));
  }

  /** σ(x) = 1 / (1 + e⁻ˣ). */
  static double sigmoid(double x) {
    double e = StrictMath.exp(-Math.abs(x));
    return (x >= 0 ? 1 : e) / (1 + e);
  }
}
