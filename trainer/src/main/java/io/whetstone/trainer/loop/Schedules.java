package io.whetstone.trainer.loop;

import io.whetstone.trainer.algorithm.LearningRateSchedule;
import io.whetstone.trainer.algorithm.LossReduction;
import io.whetstone.trainer.config.Optimization;
import io.whetstone.trainer.config.Reduction;

/** Makes the algorithm's parts that a stage's settings name. */
final class Schedules {
  private Schedules() {}

  static LearningRateSchedule of(Optimization settings, int steps) {
    LearningRateSchedule.Shape shape =
        switch (settings.schedule().kind()) {
          case CONSTANT -> LearningRateSchedule.Shape.CONSTANT;
          case COSINE -> LearningRateSchedule.Shape.COSINE;
          case LINEAR -> LearningRateSchedule.Shape.LINEAR;
        };
    return new LearningRateSchedule(
        shape,
        settings.learningRate(),
        settings.schedule().warmup(),
        steps,
        settings.schedule().finalFraction());
  }

  static LossReduction reduction(Reduction reduction, int constantLength) {
    return switch (reduction) {
      case SEQUENCE_MEAN -> new LossReduction.SequenceMean();
      case TOKEN_MEAN -> new LossReduction.TokenMean();
      case GROUP_TOKEN_MEAN -> new LossReduction.GroupTokenMean();
      case CONSTANT_LENGTH -> new LossReduction.ConstantLength(constantLength);
    };
  }
}
