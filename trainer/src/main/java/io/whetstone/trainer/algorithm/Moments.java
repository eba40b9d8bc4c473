package io.whetstone.trainer.algorithm;

import java.util.Arrays;

/**
 * Mass, mean, sum of squared differences from it, and range of numbers; NaN is no number.
 *
 * @param mass how many numbers, or the sum of their weights
 */
record Moments(double mass, double mean, double squares, double least, double most) {
  static final Moments NONE =
      new Moments(0, 0, 0, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY);

  /** Of the numbers that are not NaN. */
  static Moments of(double[] values) {
    double[] once = new double[values.length];
    Arrays.fill(once, 1);
    return weighted(values, once);
  }

  /** As if each number occurred as often as its weight says. */
  static Moments weighted(double[] values, double[] weights) {
    double mass = 0;
    double sum = 0;
    double least = Double.POSITIVE_INFINITY;
    double most = Double.NEGATIVE_INFINITY;
    for (int i = 0; i < values.length; i++) {
      if (!Double.isNaN(values[i]) && weights[i] > 0) {
        mass += weights[i];
        sum += weights[i] * values[i];
        least = Math.min(least, values[i]);
        most = Math.max(most, values[i]);
      }
    }
    if (mass == 0) {
      return NONE;
    }
    double mean = sum / mass;
    double squares = 0;
    for (int i = 0; i < values.length; i++) {
      if (!Double.isNaN(values[i])) {
        squares += weights[i] * (values[i] - mean) * (values[i] - mean);
      }
    }
    return new Moments(mass, mean, squares, least, most);
  }

  /** The moments of both sets together (Chan, Golub, LeVeque 1983, eq. 2.1). */
  Moments plus(Moments other) {
    if (mass == 0 || other.mass == 0) {
      return mass == 0 ? other : this;
    }
    double total = mass + other.mass;
    double difference = other.mean - mean;
    return new Moments(
        total,
        mean + difference * other.mass / total,
        squares + other.squares + difference * difference * (mass * other.mass / total),
        Math.min(least, other.least),
        Math.max(most, other.most));
  }

  /** Whether two of the numbers differ. */
  boolean varied() {
    return least < most;
  }

  /** 0 for fewer than two numbers. */
  double deviation(Deviation form) {
    return mass < 2 ? 0 : Math.sqrt(squares / (form == Deviation.SAMPLE ? mass - 1 : mass));
  }
}
