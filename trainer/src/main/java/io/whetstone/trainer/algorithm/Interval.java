package io.whetstone.trainer.algorithm;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.apache.commons.math3.stat.interval.ConfidenceInterval;
import org.apache.commons.math3.stat.interval.WilsonScoreInterval;

/**
 * An estimate with its confidence interval.
 *
 * @param estimate the point estimate
 * @param low the lower end
 * @param high the upper end
 */
public record Interval(double estimate, double low, double high) {
  private static final double CONFIDENCE = 0.95;

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
    ConfidenceInterval wilson =
        new WilsonScoreInterval()
            .createInterval(Math.toIntExact(trials), Math.toIntExact(successes), CONFIDENCE);
    // At the ends the formula gives the bound exactly only up to rounding.
    return new Interval(
        (double) successes / trials,
        successes == 0 ? 0 : Math.max(0, wilson.getLowerBound()),
        successes == trials ? 1 : Math.min(1, wilson.getUpperBound()));
  }

  /**
   * The mean over tasks with a 95 % percentile bootstrap interval over tasks (Efron 1979), for
   * several completions a task, which are not independent. The resamples are drawn from {@code
   * seed}: the same values give the same interval.
   *
   * <p>Where all tasks have nothing right, or all, resampling knows no uncertainty at all; the
   * interval is then Wilson's with the tasks as trials, as though a task's completions were one.
   *
   * @param perTask one value a task
   */
  public static Interval bootstrap(double[] perTask, long seed) {
    if (perTask.length == 0) {
      return new Interval(Double.NaN, Double.NaN, Double.NaN);
    }
    double first = perTask[0];
    if ((first == 0 || first == 1) && Arrays.stream(perTask).allMatch(v -> v == first)) {
      return wilson(first == 0 ? 0 : perTask.length, perTask.length);
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
