package io.whetstone.rewards.models;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * How well numbers tell right from wrong, on examples they were not fitted to.
 *
 * @param count examples
 * @param right share that is right
 * @param auc chance that a right one has a larger number than a wrong one, ties half
 *     (Mann–Whitney); NaN where all are right or all wrong
 * @param accuracy share of chances on the right side of 1/2; NaN where numbers are no chances
 * @param brier mean (chance − truth)² (Brier 1950); NaN likewise
 * @param ece Σ_bins |mean chance − share right| · count / n over ten bins of equal width (Guo et
 *     al. 2017, eq. 5); NaN likewise
 * @param bins the bins that hold anything
 */
public record BinaryReport(
    int count,
    double right,
    double auc,
    double accuracy,
    double brier,
    double ece,
    List<Bin> bins) {
  private static final int BINS = 10;

  /** Examples whose chance lies in [from, to), the last bin's end included. */
  public record Bin(double from, double to, int count, double chance, double right) {}

  /**
   * The report of numbers and what is true.
   *
   * @param chances whether the numbers are chances in [0, 1]
   */
  public static BinaryReport of(double[] numbers, boolean[] truth, boolean chances) {
    if (numbers.length != truth.length) {
      throw new IllegalArgumentException(numbers.length + " numbers, " + truth.length + " truths");
    }
    int n = numbers.length;
    int right = (int) IntStream.range(0, n).filter(i -> truth[i]).count();
    double share = n == 0 ? Double.NaN : (double) right / n;
    double auc = auc(numbers, truth, right);
    if (!chances || n == 0) {
      return new BinaryReport(n, share, auc, Double.NaN, Double.NaN, Double.NaN, List.of());
    }
    int hits = 0;
    double squares = 0;
    for (int i = 0; i < n; i++) {
      hits += numbers[i] >= 0.5 == truth[i] ? 1 : 0;
      double off = numbers[i] - (truth[i] ? 1 : 0);
      squares += off * off;
    }
    List<Bin> bins = bins(numbers, truth);
    double ece = 0;
    for (Bin bin : bins) {
      ece += Math.abs(bin.chance - bin.right) * bin.count / n;
    }
    return new BinaryReport(n, share, auc, (double) hits / n, squares / n, ece, bins);
  }

  private static double auc(double[] numbers, boolean[] truth, int right) {
    int wrong = numbers.length - right;
    if (right == 0 || wrong == 0) {
      return Double.NaN;
    }
    Integer[] order = IntStream.range(0, numbers.length).boxed().toArray(Integer[]::new);
    Arrays.sort(order, Comparator.comparingDouble(i -> numbers[i]));
    double ranks = 0;
    for (int from = 0; from < order.length; ) {
      int to = from;
      while (to < order.length && numbers[order[to]] == numbers[order[from]]) {
        to++;
      }
      double rank = (from + 1 + to) / 2.0; // of all that are equal
      for (int i = from; i < to; i++) {
        ranks += truth[order[i]] ? rank : 0;
      }
      from = to;
    }
    return (ranks - right * (right + 1.0) / 2) / right / wrong;
  }

  private static List<Bin> bins(double[] chances, boolean[] truth) {
    int[] counts = new int[BINS];
    double[] sums = new double[BINS];
    int[] rights = new int[BINS];
    for (int i = 0; i < chances.length; i++) {
      int bin = Math.min(BINS - 1, (int) (chances[i] * BINS));
      counts[bin]++;
      sums[bin] += chances[i];
      rights[bin] += truth[i] ? 1 : 0;
    }
    List<Bin> bins = new ArrayList<>();
    for (int b = 0; b < BINS; b++) {
      if (counts[b] > 0) {
        bins.add(
            new Bin(
                (double) b / BINS,
                (b + 1.0) / BINS,
                counts[b],
                sums[b] / counts[b],
                (double) rights[b] / counts[b]));
      }
    }
    return bins;
  }

  /** The numbers by the keys of docs/metrics.md, each after {@code prefix}. */
  public void into(Map<String, Double> metrics, String prefix) {
    metrics.put(prefix + "count", (double) count);
    metrics.put(prefix + "right", right);
    metrics.put(prefix + "auc", auc);
    if (!Double.isNaN(accuracy)) {
      metrics.put(prefix + "accuracy", accuracy);
      metrics.put(prefix + "brier", brier);
      metrics.put(prefix + "ece", ece);
    }
  }

  /** In words, for people. */
  public String text() {
    String all =
        String.format(
            Locale.ROOT, "%d of which %.0f %% are right: AUC %.3f", count, 100 * right, auc);
    return Double.isNaN(accuracy)
        ? all
        : all
            + String.format(
                Locale.ROOT,
                ", accuracy %.1f %%, Brier %.3f, calibration error %.3f",
                100 * accuracy,
                brier,
                ece);
  }
}
