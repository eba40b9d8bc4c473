package io.whetstone.trainer.algorithm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

class PassAtKTest {
  /** Counts the subsets of k completions that hold a right one. */
  private static double byCounting(int n, int c, int k) {
    int subsets = 0;
    int passing = 0;
    for (int set = 0; set < 1 << n; set++) {
      if (Integer.bitCount(set) == k) {
        subsets++;
        passing += (set & ((1 << c) - 1)) != 0 ? 1 : 0;
      }
    }
    return (double) passing / subsets;
  }

  @Test
  void passAtKIsTheShareOfSubsetsWithARightOne() {
    for (int n = 1; n <= 9; n++) {
      for (int c = 0; c <= n; c++) {
        for (int k = 1; k <= n; k++) {
          assertEquals(byCounting(n, c, k), PassAtK.passAtK(n, c, k), 1e-14);
        }
      }
    }
    assertEquals(1, PassAtK.passAtK(1_000_000, 500_000, 100_000));
    assertThrows(IllegalArgumentException.class, () -> PassAtK.passAtK(4, 2, 5));
  }

  @Test
  void theMajorityDecides() {
    String[] answers = {"7", "8", "7", null, "9", "8", "8", "9"};
    boolean[] right = {true, false, true, false, false, false, false, false};
    assertEquals(1, PassAtK.majorityAtK(Arrays.copyOf(answers, 4), Arrays.copyOf(right, 4), 4));
    assertEquals(0.5, PassAtK.majorityAtK(answers, right, 4), "two blocks, one right");
    assertEquals(0, PassAtK.majorityAtK(answers, right, 8), "8 wins");
    assertEquals(
        0.5,
        PassAtK.majorityAtK(new String[] {"1", "2"}, new boolean[] {true, false}, 2),
        "a tie is drawn");
    assertEquals(0, PassAtK.majorityAtK(new String[2], new boolean[2], 2), "nobody votes");
  }

  /** Values of R's binom.confint(x, n, methods = "wilson"). */
  @Test
  void wilsonIntervals() {
    Interval interval = Interval.wilson(8, 10);
    assertEquals(0.8, interval.estimate());
    assertEquals(0.4901625, interval.low(), 1e-7);
    assertEquals(0.9433178, interval.high(), 1e-7);
    assertEquals(0, Interval.wilson(0, 50).low());
    assertEquals(0.0713476, Interval.wilson(0, 50).high(), 1e-7);
    assertEquals(1, Interval.wilson(50, 50).high());
    assertTrue(Double.isNaN(Interval.wilson(0, 0).estimate()));
  }

  @Test
  void bootstrapOverTasksAgreesWithWilsonForOneSampleATask() {
    double[] perTask = new double[512];
    Arrays.fill(perTask, 0, 128, 1);
    Interval bootstrap = Interval.bootstrap(perTask, 3);
    Interval wilson = Interval.wilson(128, 512);
    assertEquals(0.25, bootstrap.estimate());
    assertEquals(wilson.low(), bootstrap.low(), 0.006);
    assertEquals(wilson.high(), bootstrap.high(), 0.006);
    assertEquals(bootstrap, Interval.bootstrap(perTask, 3), "the same seed, the same interval");
  }

  /** The example of Newcombe 1998, table II (a): 56/70 against 48/80, method 10. */
  @Test
  void differencesHaveAnInterval() {
    Interval difference = Interval.wilson(56, 70).minus(Interval.wilson(48, 80));
    assertEquals(0.2, difference.estimate(), 1e-12);
    assertEquals(0.0524, difference.low(), 5e-5);
    assertEquals(0.3339, difference.high(), 5e-5);
  }
}
