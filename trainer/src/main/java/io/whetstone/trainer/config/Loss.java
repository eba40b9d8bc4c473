package io.whetstone.trainer.config;

import io.whetstone.datasets.settings.Default;

/** Which loss carries the advantages; docs/paper-index.md has the settings of each paper. */
public sealed interface Loss {
  /** PPO's clipped surrogate within clip-low, clip-high and clip-delta. */
  record Clipped() implements Loss {}

  /** The ratio times the advantage, without a bound. */
  record Unclipped() implements Loss {}

  /** The advantage times the logprob, without a ratio (REINFORCE, GPG). */
  record LogLikelihood() implements Loss {}

  /**
   * CISPO: the ratio is a clipped weight of the policy gradient.
   *
   * @param least lower bound of the ratio
   * @param most upper bound of the ratio
   */
  record Cispo(
      @Default(value = "0", source = "MiniMax-M1, 2025: no lower bound") double least,
      @Default(value = "5", source = "ScaleRL, Khatri et al. 2025") double most)
      implements Loss {
    public Cispo {
      Range.within("least", least, 0, 1);
      Range.within("most", most, 1, Double.POSITIVE_INFINITY);
    }
  }

  /**
   * SAPO: a soft gate.
   *
   * @param positive temperature for positive advantages
   * @param negative temperature for the others
   */
  record Sapo(
      @Default(value = "1", source = "SAPO, Gao et al. 2025") double positive,
      @Default(value = "1.05", source = "SAPO, Gao et al. 2025") double negative)
      implements Loss {
    public Sapo {
      Range.positive("positive", positive);
      Range.positive("negative", negative);
    }
  }

  /**
   * VESPO: a smooth kernel of the sequence's whole ratio, W^power · e^(decay (1 − W)).
   *
   * @param powerPositive for advantages of 0 or more
   * @param decayPositive for advantages of 0 or more
   * @param powerNegative for negative advantages
   * @param decayNegative for negative advantages
   */
  record Vespo(
      @Default(value = "2", source = "VESPO, Shen et al. 2026, as in TRL") double powerPositive,
      @Default(value = "3", source = "VESPO, Shen et al. 2026, as in TRL") double decayPositive,
      @Default(value = "3", source = "VESPO, Shen et al. 2026, as in TRL") double powerNegative,
      @Default(value = "2", source = "VESPO, Shen et al. 2026, as in TRL") double decayNegative)
      implements Loss {
    public Vespo {
      Range.notNegative("power-positive", powerPositive);
      Range.positive("decay-positive", decayPositive);
      Range.notNegative("power-negative", powerNegative);
      Range.positive("decay-negative", decayNegative);
    }
  }

  /**
   * GMPO: the geometric mean of a sequence's clipped token ratios.
   *
   * @param low bound of −log ratio, nats
   * @param high bound of log ratio, nats
   */
  record GeometricMean(
      @Default(value = "0.4", source = "GMPO, Zhao et al. 2025: (e^-0.4, e^0.4)") double low,
      @Default(value = "0.4", source = "GMPO, Zhao et al. 2025: (e^-0.4, e^0.4)") double high)
      implements Loss {
    public GeometricMean {
      Range.notNegative("low", low);
      Range.notNegative("high", high);
    }
  }

  /** Whether it is made of an importance ratio whose kind can be chosen. */
  default boolean takesRatio() {
    return this instanceof Clipped
        || this instanceof Unclipped
        || this instanceof Cispo
        || this instanceof Sapo;
  }
}
