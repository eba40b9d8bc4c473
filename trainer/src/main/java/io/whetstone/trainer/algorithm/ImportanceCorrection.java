package io.whetstone.trainer.algorithm;

import java.util.Arrays;

/**
 * Weights for tokens that another policy drew: with μ the policy that sampled and π_old the one the
 * step began with, ω = π_old / μ multiplies the token's policy loss (no gradient flows).
 *
 * <p>Truncated at {@code most} it is TIS (Yao et al. 2025), masked outside the bounds IcePop (Ring
 * Team 2025). Of a sequence, ω = Π_t π_old,t / μ_t weighs or masks all its tokens at once.
 *
 * @param of the token or the sequence
 * @param form what becomes of an ω outside the bounds
 * @param least ≥ 0
 * @param most ≥ 1
 */
public record ImportanceCorrection(Unit of, Form form, double least, double most) {
  /** Whose ratio ω is. */
  public enum Unit {
    TOKEN,
    SEQUENCE
  }

  /** What becomes of an ω outside the bounds. */
  public enum Form {
    /** It becomes the bound. */
    TRUNCATE,
    /** It becomes 0. */
    MASK
  }

  public ImportanceCorrection {
    if (!(least >= 0 && least <= 1 && most >= 1)) {
      throw new IllegalArgumentException(
          "weights in ["
              + least
              + ", "
              + most
              + "]: expected least in [0, 1] and most of 1 or more");
    }
  }

  /**
   * The weights of a sequence's n tokens; 0 for tokens that are not trained on.
   *
   * @param old log π_old(token), nats
   * @param sampled log μ(token), nats
   * @param trained which tokens are trained on; only they are read
   */
  public double[] weights(float[] old, float[] sampled, boolean[] trained) {
    double[] weights = new double[trained.length];
    double sum = 0;
    for (int t = 0; t < weights.length; t++) {
      if (trained[t]) {
        double logRatio = (double) old[t] - sampled[t];
        sum += logRatio;
        weights[t] = bounded(StrictMath.exp(logRatio));
      }
    }
    if (of == Unit.SEQUENCE) {
      double all = bounded(StrictMath.exp(sum));
      Arrays.setAll(weights, t -> trained[t] ? all : 0);
    }
    return weights;
  }

  private double bounded(double ratio) {
    if (form == Form.MASK) {
      return ratio < least || ratio > most ? 0 : ratio;
    }
    return Math.clamp(ratio, least, most);
  }
}
