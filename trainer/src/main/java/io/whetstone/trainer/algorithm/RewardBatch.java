package io.whetstone.trainer.algorithm;

import java.util.Arrays;
import java.util.List;

/**
 * What a step's completions earned: everything an advantage may depend on.
 *
 * <p>Example: two rewards, one group of two completions, of which the second's verifier failed:
 * {@code weights [1, 0.2]}, earned {@code {total 1.2, values [1, 1], tokens 31}} and {@code {total
 * NaN, values [NaN, 1], tokens 7}}.
 *
 * @param weights what each reward's value is multiplied by in the total, in the rewards' order
 * @param groups the step's groups, which may differ in size
 */
public record RewardBatch(double[] weights, List<Group> groups) {

  /**
   * A task's completions.
   *
   * @param greedy the reward of the task's greedy completion; NaN where none was drawn or its
   *     reward is absent
   */
  public record Group(List<Earned> completions, double greedy) {
    public Group {
      completions = List.copyOf(completions);
    }
  }

  /**
   * What a completion earned.
   *
   * @param total the weighted sum over the rewards, less what is paid for the divergence from the
   *     reference; NaN where it is absent (a verifier that failed)
   * @param values one a reward, unweighted; NaN where the reward has none
   * @param tokens how many the completion has
   * @param steps one list a reward, in the order of the text; empty for rewards of the outcome
   * @param costs what each token pays by itself, one a token; empty where none pays
   */
  public record Earned(
      double total, double[] values, int tokens, List<List<Step>> steps, double[] costs) {
    public Earned {
      steps = List.copyOf(steps);
      if (steps.size() != values.length) {
        throw new IllegalArgumentException(
            steps.size() + " lists of steps for " + values.length + " rewards");
      }
      if (costs.length != 0 && costs.length != tokens) {
        throw new IllegalArgumentException(costs.length + " costs for " + tokens + " tokens");
      }
    }

    /** Whether the completion has a reward. */
    boolean present() {
      return !Double.isNaN(total);
    }
  }

  /** A value for the tokens [from, to) of a completion. */
  public record Step(int from, int to, double value) {}

  public RewardBatch {
    groups = List.copyOf(groups);
    for (int g = 0; g < groups.size(); g++) {
      List<Earned> completions = groups.get(g).completions();
      for (int i = 0; i < completions.size(); i++) {
        check(completions.get(i), weights.length, i, g);
      }
    }
  }

  /** Groups of which nothing but the totals is known; {@code totals[g][i]}, NaN for absent. */
  public static RewardBatch ofTotals(double[][] totals) {
    return new RewardBatch(
        new double[] {1},
        Arrays.stream(totals)
            .map(
                group ->
                    new Group(
                        Arrays.stream(group)
                            .mapToObj(
                                total ->
                                    new Earned(
                                        total,
                                        new double[] {total},
                                        1,
                                        List.of(List.of()),
                                        new double[0]))
                            .toList(),
                        Double.NaN))
            .toList());
  }

  private static void check(Earned earned, int rewards, int completion, int group) {
    if (earned.values().length != rewards) {
      throw new IllegalArgumentException(
          earned.values().length + " values for " + rewards + " rewards");
    }
    if (Double.isInfinite(earned.total())) {
      throw new IllegalArgumentException(
          "reward %s of completion %d in group %d is infinite"
              .formatted(earned.total(), completion, group));
    }
  }
}
