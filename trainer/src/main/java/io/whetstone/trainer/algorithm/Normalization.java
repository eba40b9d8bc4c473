package io.whetstone.trainer.algorithm;

/**
 * From rewards to differences: A_i = (r_i − b_i) / s, with the baseline b of {@link Center} and the
 * divisor s of {@link Scale}.
 *
 * <p>DeepSeekMath (Shao et al. 2024, §4.1.2) writes std(r) over the group without saying which and
 * without ε; TRL divides by the sample deviation plus 1e-4, which are the usual choices here too.
 *
 * <p>Where we deviate: where baseline or divisor come from the group, a group whose rewards are all
 * equal gets exactly 0, not the rounding error of its mean divided by ε; absent rewards are in no
 * mean and no deviation.
 *
 * @param center the baseline
 * @param scale the divisor
 * @param deviation how a deviation is computed
 * @param epsilon ε ≥ 0
 * @param k more than 1: what is compared are not completions but sets of k of them, each worth its
 *     best reward; see {@link SetsOfK}
 */
public record Normalization(
    Center center, Scale scale, Deviation deviation, double epsilon, int k) {

  public Normalization {
    if (!(epsilon >= 0) || Double.isInfinite(epsilon)) {
      throw new IllegalArgumentException(
          "std-epsilon: " + epsilon + " is not a number of 0 or more");
    }
    if (k < 1) {
      throw new IllegalArgumentException("pass-k: " + k + " is not at least 1");
    }
    if (k > 1
        && !(center == Center.GROUP_MEAN && (scale == Scale.GROUP_STD || scale == Scale.NONE))) {
      throw new IllegalArgumentException(
          "pass-k: more than 1 compares sets within a group; expected center group-mean and scale"
              + " group-std or none");
    }
  }

  /** How many rewards a group needs for a comparison. */
  int least() {
    return k > 1 ? k : center.ofGroup() || scale.ofGroup() ? 2 : 1;
  }

  /**
   * The differences of every completion; NaN where its reward is.
   *
   * @param rewards {@code rewards[g][i]}, NaN for absent; groups that were dropped all NaN
   * @param tokens {@code tokens[g][i]}: lengths
   * @param greedy one a group
   */
  double[][] apply(double[][] rewards, double[][] tokens, double[] greedy) {
    Moments batch = Moments.NONE;
    for (double[] group : rewards) {
      batch = batch.plus(Moments.of(group));
    }
    double[][] differences = new double[rewards.length][];
    for (int g = 0; g < rewards.length; g++) {
      differences[g] =
          k > 1 ? ofSets(rewards[g]) : ofGroup(rewards[g], tokens[g], greedy[g], batch);
    }
    return differences;
  }

  private double[] ofGroup(double[] rewards, double[] tokens, double greedy, Moments batch) {
    Moments group = Moments.of(rewards);
    boolean nothing = !group.varied() && (center.ofGroup() || scale.ofGroup());
    double divisor = nothing ? 1 : scale.divisor(group, batch, deviation, epsilon);
    Moments weighted = Moments.weighted(rewards, tokens);
    double lengthWeighted = weighted.mass() == 0 ? group.mean() : weighted.mean();
    double[] differences = new double[rewards.length];
    for (int i = 0; i < rewards.length; i++) {
      differences[i] =
          Double.isNaN(rewards[i])
              ? Double.NaN
              : nothing
                  ? 0
                  : (rewards[i] - center.baseline(rewards[i], group, lengthWeighted, greedy, batch))
                      / divisor;
    }
    return differences;
  }

  private double[] ofSets(double[] rewards) {
    SetsOfK sets = SetsOfK.of(rewards, k);
    double divisor =
        scale == Scale.NONE ? 1 : sets.deviation() == 0 ? 0 : sets.deviation() + epsilon;
    double[] differences = new double[rewards.length];
    for (int i = 0; i < rewards.length; i++) {
      differences[i] =
          Double.isNaN(rewards[i])
              ? Double.NaN
              : divisor == 0 ? 0 : (sets.bestWith()[i] - sets.mean()) / divisor;
    }
    return differences;
  }
}
