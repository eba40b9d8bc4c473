package io.whetstone.trainer.algorithm;

/**
 * Losses that reward models are fitted by; each is of one example, in nats.
 *
 * @param margin m ≥ 0: how much more the better completion should be worth (Touvron et al. 2023,
 *     "Llama 2", eq. 2); 0 in Ouyang et al. 2022
 * @param centering c ≥ 0: holds the sum of a pair's scores near 0, which preferences leave open
 *     (Eisenstein et al. 2023, §4)
 */
public record RewardModelLoss(double margin, double centering) {
  /**
   * @param loss the pair's loss
   * @param better ∂loss/∂(the better completion's score)
   * @param worse ∂loss/∂(the worse one's)
   */
  public record Pair(double loss, double better, double worse) {}

  /**
   * @param loss the example's loss
   * @param slope ∂loss/∂score
   */
  public record Term(double loss, double slope) {}

  public RewardModelLoss {
    if (!(margin >= 0) || !(centering >= 0) || Double.isInfinite(margin + centering)) {
      throw new IllegalArgumentException("margin " + margin + ", centering " + centering);
    }
  }

  /** The same with another margin. */
  public RewardModelLoss with(double margin) {
    return margin == this.margin ? this : new RewardModelLoss(margin, centering);
  }

  /**
   * −ln σ(b − w − m) + c (b + w)²: Bradley & Terry 1952, as Ouyang et al. 2022, eq. 1, fit rewards.
   *
   * @param better b, the better completion's score
   * @param worse w, the worse one's
   */
  public Pair preference(double better, double worse) {
    double x = better - worse - margin;
    double pull = 2 * centering * (better + worse);
    double slope = -Logistic.sigmoid(-x);
    return new Pair(
        Logistic.softplus(-x) + centering * (better + worse) * (better + worse),
        slope + pull,
        -slope + pull);
  }

  /**
   * −y ln σ(s) − (1 − y) ln σ(−s): cross-entropy of a label.
   *
   * @param score s, a logit
   * @param label y in [0, 1]; between them a soft estimate
   */
  public static Term label(double score, double label) {
    return new Term(
        label * Logistic.softplus(-score) + (1 - label) * Logistic.softplus(score),
        Logistic.sigmoid(score) - label);
  }
}
