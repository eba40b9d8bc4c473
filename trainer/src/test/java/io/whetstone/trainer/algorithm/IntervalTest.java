package io.whetstone.trainer.algorithm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class IntervalTest {
  @Test
  void nothingRightStillLeavesRoom() {
    Interval none = Interval.bootstrap(new double[40], 1);
    assertEquals(0, none.estimate());
    assertEquals(Interval.wilson(0, 40), none);
    assertTrue(none.high() > 0.05);
    double[] all = new double[40];
    java.util.Arrays.fill(all, 1);
    assertEquals(Interval.wilson(40, 40), Interval.bootstrap(all, 1));
  }

  @Test
  void otherwiseTheBootstrapDecides() {
    Interval some = Interval.bootstrap(new double[] {0, 0.5, 1, 0.25}, 1);
    assertTrue(some.low() < some.estimate() && some.estimate() < some.high());
    assertEquals(some, Interval.bootstrap(new double[] {0, 0.5, 1, 0.25}, 1));
  }
}
