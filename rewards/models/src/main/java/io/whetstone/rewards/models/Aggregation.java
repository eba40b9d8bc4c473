package io.whetstone.rewards.models;

import java.util.Arrays;

/** How the values of a completion's steps become one. */
public enum Aggregation {
  /**
   * The weakest step's (Lightman et al. 2023 and Wang et al. 2024, "Math-Shepherd", rank by it).
   */
  MIN,
  /** Their product: the chance that all are right, were they independent (Lightman et al. 2023). */
  PRODUCT,
  /** The last step's (Uesato et al. 2022). */
  LAST,
  MEAN,
  SUM;

  /** One value of those of one step or more. */
  public double of(double[] steps) {
    if (steps.length == 0) {
      throw new IllegalArgumentException("steps: [] is not one value or more");
    }
    return switch (this) {
      case MIN -> Arrays.stream(steps).min().orElseThrow();
      case PRODUCT -> Arrays.stream(steps).reduce(1, (a, b) -> a * b);
      case LAST -> steps[steps.length - 1];
      case MEAN -> sum(steps) / steps.length;
      case SUM -> sum(steps);
    };
  }

  /** In order: a stream's sum compensates, which other implementations do not. */
  private static double sum(double[] steps) {
    double sum = 0;
    for (double step : steps) {
      sum += step;
    }
    return sum;
  }
}
