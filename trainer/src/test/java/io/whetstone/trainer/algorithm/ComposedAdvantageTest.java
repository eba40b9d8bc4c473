package io.whetstone.trainer.algorithm;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.whetstone.trainer.algorithm.Advantages.Group;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class ComposedAdvantageTest {
  private static final double ABSENT = Double.NaN;

  private static ComposedAdvantage with(Scale scale, boolean drop) {
    return ComposedAdvantage.grpo(scale, Deviation.SAMPLE, 0, drop);
  }

  /** One number a completion, NaN for none. */
  private static double[] group(Advantages advantages, int g) {
    return Arrays.stream(advantages.values()[g])
        .mapToDouble(own -> own.length == 0 ? ABSENT : own[0])
        .toArray();
  }

  @Test
  void absentRewardsStayOutOfEverything() {
    double[][] rewards = {{1, ABSENT, 0, 0.5}, {ABSENT, 1}, {ABSENT, ABSENT}, {}};
    Advantages advantages = with(Scale.GROUP_STD, false).estimate(RewardBatch.ofTotals(rewards));
    assertArrayEquals(new double[] {1, ABSENT, -1, 0}, group(advantages, 0), 1e-15);
    assertEquals(
        List.of(Group.KEPT, Group.DROPPED_TOO_FEW, Group.DROPPED_TOO_FEW, Group.DROPPED_TOO_FEW),
        advantages.groups());
    assertFalse(advantages.trained(1, 1), "one reward has nothing to be compared with");
    assertEquals(3, advantages.count(Group.DROPPED_TOO_FEW));
  }

  @Test
  void equalRewardsGiveExactlyNothing() {
    double[][] rewards = {{0.1, 0.1, 0.1}, {0, 1, 0}};
    Advantages kept = with(Scale.GROUP_STD, false).estimate(RewardBatch.ofTotals(rewards));
    assertArrayEquals(new double[3], group(kept, 0));
    assertEquals(List.of(Group.WITHOUT_VARIANCE, Group.KEPT), kept.groups());
    Advantages dropped = with(Scale.GROUP_STD, true).estimate(RewardBatch.ofTotals(rewards));
    assertFalse(dropped.trained(0, 0));
    assertEquals(List.of(Group.DROPPED_WITHOUT_VARIANCE, Group.KEPT), dropped.groups());
  }

  @Test
  void theBatchDeviationIsThatOfKeptRewards() {
    double[][] rewards = {{0, 1}, {1, 1}, {ABSENT, 100}};
    double kept = Math.sqrt((0.75 * 0.75 + 3 * 0.25 * 0.25) / 3);
    assertEquals(
        0.5 / kept,
        with(Scale.BATCH_STD, false).estimate(RewardBatch.ofTotals(rewards)).values()[0][1][0],
        1e-14);
    double dropped = Math.sqrt(0.5);
    assertEquals(
        0.5 / dropped,
        with(Scale.BATCH_STD, true).estimate(RewardBatch.ofTotals(rewards)).values()[0][1][0],
        1e-14);
  }

  @Test
  void withoutScaleItIsTheDifferenceFromTheMean() {
    Advantages advantages =
        with(Scale.NONE, false).estimate(RewardBatch.ofTotals(new double[][] {{2, 4, 9}}));
    assertArrayEquals(new double[] {-3, -1, 4}, group(advantages, 0));
  }

  @Test
  void infiniteRewardsAreRefused() {
    IllegalArgumentException error =
        assertThrows(
            IllegalArgumentException.class,
            () -> RewardBatch.ofTotals(new double[][] {{1}, {0, 1.0 / 0}}));
    assertEquals("reward Infinity of completion 1 in group 1 is infinite", error.getMessage());
  }
}
