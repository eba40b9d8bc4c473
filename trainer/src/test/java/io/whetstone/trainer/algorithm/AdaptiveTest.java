package io.whetstone.trainer.algorithm;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

/** Controllers and weights whose values can be worked out by hand. */
class AdaptiveTest {
  @Test
  void theKlCoefficientFollowsZieglersController() {
    AdaptiveKl control = new AdaptiveKl(0.1, 10_000);
    assertEquals(0.2 * (1 + 0.2 * 512 / 10_000), control.next(0.2, 5, 512), 1e-15);
    assertEquals(0.2 * (1 - 0.2 * 512 / 10_000), control.next(0.2, 0, 512), 1e-15);
    assertEquals(0.2 * (1 + 0.1 * 512 / 10_000), control.next(0.2, 0.11, 512), 1e-12);
  }

  @Test
  void theEntropyBonusActsOnlyBelowItsTarget() {
    AdaptiveEntropy control = new AdaptiveEntropy(0.2, 0.005, 0, 0.01);
    assertEquals(0.005, control.next(0, 0.2));
    assertEquals(0.01, control.next(0.008, 0.1), "never above the most");
    assertEquals(0, control.next(0.002, 0.3), "never below the least");
    assertEquals(0, control.acting(0.01, Double.POSITIVE_INFINITY), "not before a measurement");
    assertEquals(0, control.acting(0.01, 0.21));
    assertEquals(0.01, control.acting(0.01, 0.2));
  }

  @Test
  void importanceWeightsAreTruncatedOrMasked() {
    float ln2 = (float) Math.log(2);
    float[] old = {0, ln2, 3 * ln2, Float.NaN};
    float[] sampled = {ln2, 0, 0, 0};
    boolean[] trained = {true, true, true, false};
    assertArrayEquals(
        new double[] {0.5, 2, 3, 0},
        correction(ImportanceCorrection.Unit.TOKEN, ImportanceCorrection.Form.TRUNCATE)
            .weights(old, sampled, trained),
        1e-6);
    assertArrayEquals(
        new double[] {0.5, 2, 0, 0},
        correction(ImportanceCorrection.Unit.TOKEN, ImportanceCorrection.Form.MASK)
            .weights(old, sampled, trained),
        1e-6);
    assertArrayEquals(
        new double[4],
        correction(ImportanceCorrection.Unit.SEQUENCE, ImportanceCorrection.Form.MASK)
            .weights(old, sampled, trained));
  }

  private static ImportanceCorrection correction(
      ImportanceCorrection.Unit unit, ImportanceCorrection.Form form) {
    return new ImportanceCorrection(unit, form, 0.25, 3);
  }
}
