package io.whetstone.trainer.algorithm;

import java.util.Arrays;
import java.util.SplittableRandom;

/**
 * An estimate with its confidence interval.
 *
 * @param estimate the point estimate
 * @param low the lower end
 * @param high the upper end
 */
public record Interval(double estimate, double low, double high) {
  /** The standard normal quantile of a two-sided 95 % interval. */
  private static final double Z95 = 1.959963984540054;

  private static final int RESAMPLES = 2000;

  /**
   * The 95 % Wilson score interval of a share (Wilson 1927); right for one independent trial a
   * task, near 0 and 1 too. Without trials: estimate NaN, interval [0, 1].
   */
  public static Interval wilson(long successes, long trials) {
    if (successes < 0 || successes > trials) {
      throw new IllegalArgumentException(successes + " successes in " + trials + " trials");
    }
    if (trials == 0) {
      return new Interval(Double.NaN, 0, 1);
    }
    double share = (double) successes / trials;
    double z2 = Z95 * Z95 / trials;
    double centre = (share + z2 / 2) / (1 + z2);
    double half = Z95 / (1 + z2) * Math.sqrt(share * (1 - share) / trials + z2 / (4 * trials));
    // At the ends the formula gives the bound exactly only up to rounding.
    return new Interval(
        share,
        successes == 0 ? 0 : Math.max(0, centre - half),
        successes == trials ? 1 : Math.min(1, centre + half));
  }

  /**
   * The mean over tasks with a 95 % percentile bootstrap interval over tasks (Efron 1979), for
   * several completions a task, which are not independent. The resamples are drawn from {@code
   * seed}: the same values give the same interval.
   *
   * @param perTask one value a task
   */
  public static Interval bootstrap(double[] perTask, long seed) {
    if (perTask.length == 0) {
      return new Interval(Double.NaN, Double.NaN, Double.NaN);
    }
    SplittableRandom random = new SplittableRandom(seed);
    double[] means = new double[RESAMPLES];
    for (int r = 0; r < RESAMPLES; r++) {
      double sum = 0;
      for (int i = 0; i < perTask.length; i++) {
        sum += perTask[random.nextInt(perTask.length)];
      }
      means[r] = sum / perTask.length;
    }
    Arrays.sort(means);
    double mean = Arrays.stream(perTask).sum() / perTask.length;
    return new Interval(mean, means[(int) (0.025 * RESAMPLES)], means[(int) (0.975 * RESAMPLES)]);
  }

  /**
   * This minus {@code other}, with the interval that follows from both (Newcombe 1998, method 10,
   * for independent estimates).
   */
  public Interval minus(Interval other) {
    double difference = estimate - other.estimate;
    return new Interval(
        difference,
        difference - Math.hypot(estimate - low, other.high - other.estimate),
        difference + Math.hypot(high - estimate, other.estimate - other.low));
  }
}
