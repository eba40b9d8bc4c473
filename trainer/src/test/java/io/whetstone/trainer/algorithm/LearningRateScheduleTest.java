package io.whetstone.trainer.algorithm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.whetstone.trainer.algorithm.LearningRateSchedule.Shape;
import org.junit.jupiter.api.Test;

class LearningRateScheduleTest {
  @Test
  void itRisesThenFallsToItsFinalFractionAtTheLastStep() {
    LearningRateSchedule cosine = new LearningRateSchedule(Shape.COSINE, 2, 3, 14, 0.1);
    assertEquals(0.5, cosine.at(0));
    assertEquals(1.5, cosine.at(2));
    assertEquals(2, cosine.at(3));
    assertEquals(1.1, cosine.at(8), 1e-15);
    assertEquals(0.2, cosine.at(13), 1e-15);
    assertEquals(0.2, cosine.at(99), 1e-15);
    LearningRateSchedule linear = new LearningRateSchedule(Shape.LINEAR, 2, 0, 11, 0);
    assertEquals(2, linear.at(0));
    assertEquals(1.4, linear.at(3), 1e-15);
    assertEquals(0, linear.at(10));
    LearningRateSchedule constant = new LearningRateSchedule(Shape.CONSTANT, 2, 1, 3, 0);
    assertEquals(1, constant.at(0));
    assertEquals(2, constant.at(2));
  }

  @Test
  void oneStepHasThePeak() {
    assertEquals(2, new LearningRateSchedule(Shape.COSINE, 2, 0, 1, 0.1).at(0));
  }

  @Test
  void aWarmupLongerThanTheStageIsRefused() {
    assertThrows(
        IllegalArgumentException.class, () -> new LearningRateSchedule(Shape.LINEAR, 1, 10, 10, 0));
  }

  @Test
  void gradientsAreScaledDownButNeverUp() {
    GradientClip clip = new GradientClip(2);
    assertEquals(1, clip.scale(1.999999));
    assertEquals(0.5, clip.scale(4));
    assertEquals(1, new GradientClip(Double.POSITIVE_INFINITY).scale(1e30));
    assertThrows(ArithmeticException.class, () -> clip.scale(Double.NaN));
    assertThrows(IllegalArgumentException.class, () -> new GradientClip(0));
  }
}
