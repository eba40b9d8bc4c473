package io.whetstone.trainer.algorithm;

import java.util.HashMap;
import java.util.Map;

/** Estimates from n completions of a task: solving it at least once in k, or by majority of k. */
public final class PassAtK {
  private PassAtK() {}

  /**
   * The unbiased estimate of pass@k (Chen et al. 2021, eq. 1): 1 − C(n − c, k) / C(n, k), as a
   * product that cannot overflow.
   *
   * @param n completions drawn
   * @param c of them correct
   * @param k in [1, n]
   */
  public static double passAtK(int n, int c, int k) {
    if (c < 0 || c > n || k < 1 || k > n) {
      throw new IllegalArgumentException(
          "pass@" + k + " from " + c + " correct of " + n + " completions");
    }
    double allWrong = 1;
    for (int i = 0; i < k; i++) {
      allWrong *= Math.max(0, (double) (n - c - i) / (n - i));
    }
    return 1 - allWrong;
  }

  /**
   * maj@k: the chance that the most frequent answer is right, as the mean over the ⌊n / k⌋ blocks
   * of k consecutive completions. Where several answers are equally frequent, one of them is drawn
   * evenly, so a block counts the correct share of them. Completions without a readable answer do
   * not vote; a block without votes counts 0.
   *
   * @param answers canonical answers, null where unreadable
   * @param correct whether each answer is right; equal answers are all right or all wrong
   * @param k in [1, n]
   */
  public static double majorityAtK(String[] answers, boolean[] correct, int k) {
    if (answers.length != correct.length || k < 1 || k > answers.length) {
      throw new IllegalArgumentException(
          "maj@" + k + " from " + answers.length + " answers and " + correct.length + " verdicts");
    }
    int blocks = answers.length / k;
    double sum = 0;
    for (int block = 0; block < blocks; block++) {
      sum += majority(answers, correct, block * k, (block + 1) * k);
    }
    return sum / blocks;
  }

  private static double majority(String[] answers, boolean[] correct, int from, int to) {
    Map<String, Integer> votes = new HashMap<>();
    Map<String, Boolean> right = new HashMap<>();
    for (int i = from; i < to; i++) {
      if (answers[i] != null) {
        votes.merge(answers[i], 1, Integer::sum);
        right.put(answers[i], correct[i]);
      }
    }
    int most = votes.values().stream().mapToInt(Integer::intValue).max().orElse(0);
    long winners = votes.values().stream().filter(count -> count == most).count();
    long rightWinners =
        votes.entrySet().stream()
            .filter(entry -> entry.getValue() == most && right.get(entry.getKey()))
            .count();
    return winners == 0 ? 0 : (double) rightWinners / winners;
  }
}
