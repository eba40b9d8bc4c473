package io.whetstone.trainer.loop;

import io.whetstone.trainer.algorithm.AdvantageEstimator;
import io.whetstone.trainer.algorithm.Center;
import io.whetstone.trainer.algorithm.ClippedSurrogate;
import io.whetstone.trainer.algorithm.ComposedAdvantage;
import io.whetstone.trainer.algorithm.KlEstimator;
import io.whetstone.trainer.algorithm.Normalization;
import io.whetstone.trainer.algorithm.PolicyObjective;
import io.whetstone.trainer.config.Advantage;
import io.whetstone.trainer.config.Grpo;
import io.whetstone.trainer.config.Kl;

/** Composes what a stage optimizes from its settings. */
final class Objectives {
  private Objectives() {}

  static PolicyObjective objective(Grpo settings) {
    boolean inLoss = settings.kl().place() == Kl.Place.LOSS;
    return new PolicyObjective(
        new ClippedSurrogate(settings.clipLow(), settings.clipHigh()),
        kl(settings),
        inLoss ? settings.kl().coefficient() : 0,
        settings.entropyBonus());
  }

  /** Whether the advantages need the reward of a greedy completion a task as their baseline. */
  static boolean needsGreedy(Grpo settings) {
    return settings.advantage().center() == Center.GREEDY;
  }

  static KlEstimator kl(Grpo settings) {
    return switch (settings.kl().estimator()) {
      case K1 -> KlEstimator.K1;
      case K2 -> KlEstimator.K2;
      case K3 -> KlEstimator.K3;
    };
  }

  static AdvantageEstimator advantage(Grpo settings) {
    Advantage advantage = settings.advantage();
    return new ComposedAdvantage(
        new Normalization(
            advantage.center(),
            advantage.scale(),
            advantage.std(),
            advantage.stdEpsilon(),
            advantage.passK()),
        advantage.perReward(),
        advantage.supervision(),
        advantage.dropWithoutVariance() || settings.dynamicSampling().enabled(),
        advantage.compensate(),
        advantage.whitening());
  }
}
