package io.whetstone.trainer.algorithm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import org.junit.jupiter.api.Test;

class RewardWeightsTest {
  private static final double[][] REWARDS = {{1, 0, Double.NaN}, {0, 0}, {Double.NaN}};

  private static double mean(double[][]... groups) {
    double sum = 0;
    int count = 0;
    for (double[][] group : groups) {
      for (double[] value : group) {
        sum += value.length == 0 ? 0 : value[0];
        count += value.length;
      }
    }
    return sum / count;
  }

  @Test
  void overTheStep() {
    Advantages weights = new RewardWeights(0.5, false).of(REWARDS);
    assertEquals(1, mean(weights.values()), 1e-15);
    assertEquals(
        Math.exp(2), weights.values()[0][0][0] / weights.values()[1][0][0], 1e-12, "e^(r / β)");
    assertFalse(weights.trained(0, 2), "an absent reward has no weight");
    assertEquals(Advantages.Group.DROPPED_TOO_FEW, weights.groups().get(2));
  }

  @Test
  void overEachGroup() {
    Advantages weights = new RewardWeights(0.5, true).of(REWARDS);
    assertEquals(1, mean(weights.values()[0]), 1e-15);
    assertEquals(1, weights.values()[1][0][0], 1e-15);
  }

  @Test
  void farApartRewardsDoNotOverflow() {
    Advantages weights = new RewardWeights(1e-3, false).of(new double[][] {{5000, 4000}});
    assertEquals(2, weights.values()[0][0][0], 1e-15);
    assertEquals(0, weights.values()[0][1][0]);
  }
}
