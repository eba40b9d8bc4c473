package io.whetstone.trainer.algorithm;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class KlEstimatorTest {
  private static final double[] POLICY = {0.5, 0.3, 0.2};
  private static final double[] REFERENCE = {0.4, 0.35, 0.25};

  private static double divergence() {
    double sum = 0;
    for (int i = 0; i < POLICY.length; i++) {
      sum += POLICY[i] * Math.log(POLICY[i] / REFERENCE[i]);
    }
    return sum;
  }

  private static double expectation(KlEstimator estimator) {
    double sum = 0;
    for (int i = 0; i < POLICY.length; i++) {
      sum += POLICY[i] * estimator.value(Math.log(POLICY[i]), Math.log(REFERENCE[i]));
    }
    return sum;
  }

  @Test
  void k1AndK3AreUnbiasedAndK2IsClose() {
    assertEquals(divergence(), expectation(KlEstimator.K1), 1e-15);
    assertEquals(divergence(), expectation(KlEstimator.K3), 1e-15);
    assertEquals(divergence(), expectation(KlEstimator.K2), 0.05 * divergence());
  }

  @ParameterizedTest
  @EnumSource(KlEstimator.class)
  void itIsNothingWhereThePoliciesAgree(KlEstimator estimator) {
    assertEquals(0, estimator.value(-1.25, -1.25));
    if (estimator != KlEstimator.K1) {
      assertEquals(0, estimator.gradient(-1.25, -1.25), Double.MIN_VALUE);
      assertTrue(estimator.value(-1, -3) > 0 && estimator.value(-3, -1) > 0);
    }
  }

  @Test
  void k3KeepsItsDigitsWhereThePoliciesAreClose() {
    double d = 1e-7;
    assertEquals(d * d / 2, KlEstimator.K3.value(-1 + d, -1), 1e-8 * d);
  }

  @Test
  void onlyTrainedTokensPay() {
    float[] logprobs = {-1, -2, -3};
    float[] references = {-1.5f, Float.NaN, -2};
    boolean[] trained = {true, false, true};
    assertArrayEquals(
        new double[] {0.05, 0, -0.1},
        KlEstimator.K1.costs(0.1, logprobs, references, trained),
        1e-15);
  }
}
