package io.whetstone.trainer.algorithm;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The weights of reward-weighted regression (Peters &amp; Schaal 2007, eq. 6): w_i = exp(r_i / β) /
 * mean_j exp(r_j / β), so that they have mean 1. An absent reward has no weight and is in no mean.
 *
 * @param temperature β &gt; 0, in units of the reward
 * @param withinGroup whether the mean is over a group's completions, else over all
 */
public record RewardWeights(double temperature, boolean withinGroup) {

  public RewardWeights {
    if (!(temperature > 0) || Double.isInfinite(temperature)) {
      throw new IllegalArgumentException("temperature " + temperature + " is not in (0, ∞)");
    }
  }

  /**
   * The weights as advantages.
   *
   * @param rewards {@code rewards[g][i]}, NaN where absent
   */
  public Advantages of(double[][] rewards) {
    Normalizer all = normalizer(Arrays.stream(rewards).flatMapToDouble(Arrays::stream).toArray());
    double[][][] values = new double[rewards.length][][];
    List<Advantages.Group> outcomes = new ArrayList<>();
    for (int g = 0; g < rewards.length; g++) {
      Normalizer normalizer = withinGroup ? normalizer(rewards[g]) : all;
      values[g] = new double[rewards[g].length][];
      int present = 0;
      for (int i = 0; i < rewards[g].length; i++) {
        boolean absent = Double.isNaN(rewards[g][i]);
        present += absent ? 0 : 1;
        values[g][i] = absent ? new double[0] : new double[] {normalizer.weight(rewards[g][i])};
      }
      outcomes.add(present > 0 ? Advantages.Group.KEPT : Advantages.Group.DROPPED_TOO_FEW);
    }
    return new Advantages(values, outcomes);
  }

  /**
   * The exponentials' mean, relative to the largest: nothing overflows, rewards far apart lose
   * nothing.
   */
  private record Normalizer(double most, double mean, double temperature) {
    double weight(double reward) {
      return StrictMath.exp((reward - most) / temperature) / mean;
    }
  }

  private Normalizer normalizer(double[] rewards) {
    double[] present = Arrays.stream(rewards).filter(r -> !Double.isNaN(r)).toArray();
    double most = Arrays.stream(present).max().orElse(0);
    double sum = 0;
    for (double reward : present) {
      sum += StrictMath.exp((reward - most) / temperature);
    }
    return new Normalizer(most, sum / present.length, temperature);
  }
}
