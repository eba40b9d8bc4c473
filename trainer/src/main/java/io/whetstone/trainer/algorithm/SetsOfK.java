package io.whetstone.trainer.algorithm;

import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;

/**
 * All sets of k completions of a group, each worth its best reward: pass@k as a reward (Chen et al.
 * 2025, "Pass@k training for adaptively balancing exploration and exploitation of large reasoning
 * models").
 *
 * <p>The paper has rewards 0 and 1; here a reward may be any number, as in PKPO (Walder and
 * Karkhanis 2025), and for 0 and 1 this is the paper's: with n completions of which w are wrong,
 * mean = 1 − C(w, k) / C(n, k), deviation = √(mean (1 − mean)), a right completion's sets are worth
 * 1 and a wrong one's 1 − C(w − 1, k − 1) / C(n − 1, k − 1).
 *
 * @param bestWith mean worth of the sets with completion i in them; NaN where its reward is absent
 * @param mean mean worth of all sets
 * @param deviation standard deviation of the sets' worth, over all of them (population)
 */
record SetsOfK(double[] bestWith, double mean, double deviation) {

  /**
   * @param rewards NaN for absent
   * @param k at most the number of rewards present
   */
  static SetsOfK of(double[] rewards, int k) {
    Integer[] rising =
        IntStream.range(0, rewards.length)
            .filter(i -> !Double.isNaN(rewards[i]))
            .boxed()
            .sorted(Comparator.comparingDouble(i -> rewards[i]))
            .toArray(Integer[]::new);
    int n = rising.length;
    double[] bestWith = new double[rewards.length];
    Arrays.fill(bestWith, Double.NaN);
    if (n < k) {
      return new SetsOfK(bestWith, Double.NaN, 0);
    }
    // The share of all sets whose best is the one at rank j: C(j, k − 1) / C(n, k).
    double mean = 0;
    double squares = 0;
    for (int j = k - 1; j < n; j++) {
      mean += share(j, k - 1, n, k) * rewards[rising[j]];
    }
    for (int j = k - 1; j < n; j++) {
      double from = rewards[rising[j]] - mean;
      squares += share(j, k - 1, n, k) * from * from;
    }
    for (int rank = 0; rank < n; rank++) {
      // Of the sets with this one: it is the best, or the one at rank j above it is.
      double worth = share(rank, k - 1, n - 1, k - 1) * rewards[rising[rank]];
      for (int j = rank + 1; j < n; j++) {
        worth += share(j - 1, k - 2, n - 1, k - 1) * rewards[rising[j]];
      }
      bestWith[rising[rank]] = worth;
    }
    boolean equal = n == 0 || rewards[rising[0]] == rewards[rising[n - 1]];
    return new SetsOfK(bestWith, mean, equal ? 0 : Math.sqrt(squares));
  }

  /** C(n, k) / C(of, take), 0 for k outside [0, n]. */
  private static double share(int n, int k, int of, int take) {
    return k < 0 || k > n ? 0 : choose(n, k) / choose(of, take);
  }

  private static double choose(int n, int k) {
    double product = 1;
    for (int i = 0; i < Math.min(k, n - k); i++) {
      product *= (double) (n - i) / (i + 1);
    }
    return product;
  }
}
