package io.whetstone.trainer.loop;

import io.whetstone.trainer.algorithm.AdvantageEstimator;
import io.whetstone.trainer.algorithm.Center;
import io.whetstone.trainer.algorithm.Cispo;
import io.whetstone.trainer.algorithm.ClippedSurrogate;
import io.whetstone.trainer.algorithm.ComposedAdvantage;
import io.whetstone.trainer.algorithm.GeometricMean;
import io.whetstone.trainer.algorithm.ImportanceCorrection;
import io.whetstone.trainer.algorithm.ImportanceCorrection.Form;
import io.whetstone.trainer.algorithm.ImportanceCorrection.Unit;
import io.whetstone.trainer.algorithm.KlEstimator;
import io.whetstone.trainer.algorithm.KlTerm;
import io.whetstone.trainer.algorithm.LogLikelihood;
import io.whetstone.trainer.algorithm.Normalization;
import io.whetstone.trainer.algorithm.PolicyLoss;
import io.whetstone.trainer.algorithm.PolicyObjective;
import io.whetstone.trainer.algorithm.Ratio;
import io.whetstone.trainer.algorithm.RatioLoss;
import io.whetstone.trainer.algorithm.Sapo;
import io.whetstone.trainer.algorithm.Unclipped;
import io.whetstone.trainer.algorithm.Vespo;
import io.whetstone.trainer.config.Advantage;
import io.whetstone.trainer.config.Grpo;
import io.whetstone.trainer.config.Kl;
import io.whetstone.trainer.config.Loss;
import io.whetstone.trainer.config.Objective;
import io.whetstone.trainer.config.OffPolicy;
import java.util.Optional;

/** Composes what a stage optimizes from its settings. */
final class Objectives {
  private Objectives() {}

  /** With the coefficients the stage starts from. */
  static PolicyObjective objective(Objective settings, Kl kl) {
    return new PolicyObjective(
        loss(settings),
        new KlTerm(kl(kl), kl.straightThrough(), kl.biasCorrected()),
        kl.place() == Kl.Place.LOSS ? kl.coefficient() : 0,
        settings.entropyBonus(),
        settings.offPolicy().staleLimit().stream().mapToDouble(Double::doubleValue).findFirst());
  }

  private static PolicyLoss loss(Objective settings) {
    Ratio ratio = settings.ratio();
    return switch (settings.loss()) {
      case Loss.Clipped() ->
          new RatioLoss(
              ratio,
              new ClippedSurrogate(
                  settings.clipLow(),
                  settings.clipHigh(),
                  settings.clipDelta().orElse(Double.POSITIVE_INFINITY)));
      case Loss.Unclipped() -> new RatioLoss(ratio, new Unclipped());
      case Loss.LogLikelihood() -> new RatioLoss(ratio, new LogLikelihood());
      case Loss.Cispo(double least, double most) -> new RatioLoss(ratio, new Cispo(least, most));
      case Loss.Sapo(double positive, double negative) ->
          new RatioLoss(ratio, new Sapo(positive, negative));
      case Loss.Vespo vespo ->
          new Vespo(
              vespo.powerPositive(),
              vespo.decayPositive(),
              vespo.powerNegative(),
              vespo.decayNegative());
      case Loss.GeometricMean(double low, double high) -> new GeometricMean(low, high);
    };
  }

  /** How rollouts of another policy are weighed, if they are. */
  static Optional<ImportanceCorrection> correction(OffPolicy settings) {
    return switch (settings.correction()) {
      case NONE -> Optional.empty();
      case TOKEN_TRUNCATE -> correction(settings, Unit.TOKEN, Form.TRUNCATE);
      case TOKEN_MASK -> correction(settings, Unit.TOKEN, Form.MASK);
      case SEQUENCE_TRUNCATE -> correction(settings, Unit.SEQUENCE, Form.TRUNCATE);
      case SEQUENCE_MASK -> correction(settings, Unit.SEQUENCE, Form.MASK);
    };
  }

  private static Optional<ImportanceCorrection> correction(
      OffPolicy settings, Unit unit, Form form) {
    return Optional.of(new ImportanceCorrection(unit, form, settings.least(), settings.most()));
  }

  /** Whether the advantages need the reward of a greedy completion a task as their baseline. */
  static boolean needsGreedy(Grpo settings) {
    return settings.advantage().center() == Center.GREEDY;
  }

  static KlEstimator kl(Kl settings) {
    return switch (settings.estimator()) {
      case K1 -> KlEstimator.K1;
      case K2 -> KlEstimator.K2;
      case K3 -> KlEstimator.K3;
      case ABS -> KlEstimator.ABS;
    };
  }

  /**
   * @param dropWithoutVariance whether groups without variance are dropped, whatever the settings
   */
  static AdvantageEstimator advantage(Advantage advantage, boolean dropWithoutVariance) {
    return new ComposedAdvantage(
        new Normalization(
            advantage.center(),
            advantage.scale(),
            advantage.std(),
            advantage.stdEpsilon(),
            advantage.passK()),
        advantage.perReward(),
        advantage.supervision(),
        dropWithoutVariance || advantage.dropWithoutVariance(),
        advantage.compensate(),
        advantage.whitening());
  }
}
