package io.whetstone.trainer.algorithm;

import java.util.ArrayList;
import java.util.List;

/**
 * The group-relative advantage of GRPO: A_i = (r_i − mean(r)) / (s + ε), with the mean over the
 * group's present rewards and s as {@link Scale} says.
 *
 * <p>DeepSeekMath (Shao et al. 2024, §4.1.2) writes std(r) over the group without saying which and
 * without ε; TRL divides by the sample deviation plus 1e-4, which are the usual choices here too.
 * Dr. GRPO (Liu et al. 2025, "Understanding R1-Zero-like training") divides by nothing, so that
 * very easy and very hard prompts do not weigh more. Scaling by the batch's deviation is from Liu
 * et al. 2025, "Tricks or traps? A deep dive into RL for LLM reasoning".
 *
 * <p>Where we deviate: a group whose rewards are all equal gets exactly 0, not the rounding error
 * of its mean divided by ε; absent rewards are in no mean and no deviation; a group with fewer than
 * two present rewards is dropped.
 *
 * @param scale what the differences are divided by
 * @param deviation how a deviation is computed
 * @param epsilon ε ≥ 0, added to the deviation
 * @param dropWithoutVariance whether a group whose rewards are all equal is dropped (the filter of
 *     DAPO's dynamic sampling, Yu et al. 2025) or kept with advantages 0. A dropped group is not in
 *     the batch's deviation either
 */
public record GroupAdvantage(
    Scale scale, Deviation deviation, double epsilon, boolean dropWithoutVariance)
    implements AdvantageEstimator {

  /** What differences from the group's mean are divided by. */
  public enum Scale {
    /** The standard deviation of the group's rewards. */
    GROUP,
    /** The standard deviation of all kept groups' rewards (rewards, not differences). */
    BATCH,
    /** Nothing. */
    NONE
  }

  /** How a standard deviation is computed from n values. */
  public enum Deviation {
    /** Squares divided by n − 1. */
    SAMPLE,
    /** Squares divided by n. */
    POPULATION
  }

  public GroupAdvantage {
    if (!(epsilon >= 0) || Double.isInfinite(epsilon)) {
      throw new IllegalArgumentException("epsilon " + epsilon + " is not a number ≥ 0");
    }
  }

  @Override
  public Advantages estimate(double[][] rewards) {
    List<Advantages.Group> outcomes = new ArrayList<>();
    Moments batch = Moments.NONE;
    for (int g = 0; g < rewards.length; g++) {
      Moments group = Moments.of(rewards[g], g);
      Advantages.Group outcome = outcome(group);
      outcomes.add(outcome);
      if (!outcome.dropped()) {
        batch = batch.plus(group);
      }
    }
    double[][] values = new double[rewards.length][];
    for (int g = 0; g < rewards.length; g++) {
      values[g] = advantages(rewards[g], Moments.of(rewards[g], g), batch, outcomes.get(g));
    }
    return new Advantages(values, outcomes);
  }

  private Advantages.Group outcome(Moments group) {
    if (group.count() < 2) {
      return Advantages.Group.DROPPED_TOO_FEW;
    }
    if (group.least() < group.most()) {
      return Advantages.Group.KEPT;
    }
    return dropWithoutVariance
        ? Advantages.Group.DROPPED_WITHOUT_VARIANCE
        : Advantages.Group.WITHOUT_VARIANCE;
  }

  private double[] advantages(
      double[] rewards, Moments group, Moments batch, Advantages.Group outcome) {
    double divisor =
        switch (scale) {
          case GROUP -> group.deviation(deviation) + epsilon;
          case BATCH -> batch.deviation(deviation) + epsilon;
          case NONE -> 1;
        };
    double[] values = new double[rewards.length];
    for (int i = 0; i < rewards.length; i++) {
      if (outcome.dropped() || Double.isNaN(rewards[i])) {
        values[i] = Double.NaN;
      } else if (outcome == Advantages.Group.KEPT) {
        values[i] = (rewards[i] - group.mean()) / divisor;
      }
    }
    return values;
  }

  /** Count, mean, sum of squared differences from it, and range of the present rewards. */
  private record Moments(int count, double mean, double squares, double least, double most) {
    static final Moments NONE =
        new Moments(0, 0, 0, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY);

    static Moments of(double[] rewards, int group) {
      int count = 0;
      double sum = 0;
      double least = Double.POSITIVE_INFINITY;
      double most = Double.NEGATIVE_INFINITY;
      for (int i = 0; i < rewards.length; i++) {
        double reward = rewards[i];
        if (Double.isInfinite(reward)) {
          throw new IllegalArgumentException(
              "reward " + reward + " of completion " + i + " in group " + group + " is infinite");
        }
        if (!Double.isNaN(reward)) {
          count++;
          sum += reward;
          least = Math.min(least, reward);
          most = Math.max(most, reward);
        }
      }
      if (count == 0) {
        return NONE;
      }
      double mean = sum / count;
      double squares = 0;
      for (double reward : rewards) {
        if (!Double.isNaN(reward)) {
          squares += (reward - mean) * (reward - mean);
        }
      }
      return new Moments(count, mean, squares, least, most);
    }

    /** The moments of both sets together (Chan, Golub, LeVeque 1983, eq. 2.1). */
    Moments plus(Moments other) {
      if (count == 0 || other.count == 0) {
        return count == 0 ? other : this;
      }
      int total = count + other.count;
      double difference = other.mean - mean;
      return new Moments(
          total,
          mean + difference * other.count / total,
          squares
              + other.squares
              + difference * difference * ((double) count * other.count / total),
          Math.min(least, other.least),
          Math.max(most, other.most));
    }

    double deviation(Deviation form) {
      return count < 2 ? 0 : Math.sqrt(squares / (form == Deviation.SAMPLE ? count - 1 : count));
    }
  }
}
