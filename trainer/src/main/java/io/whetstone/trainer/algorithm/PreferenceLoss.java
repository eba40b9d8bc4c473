package io.whetstone.trainer.algorithm;

/**
 * The loss of a preference, as a function of how much the policy prefers the chosen completion more
 * than the reference does: with the log-ratios c = log π(chosen) − log π_ref(chosen) and r the same
 * of the rejected one, d = c − r.
 *
 * <p>Log-ratios are sums over a completion's tokens, in nats; for {@link Form#IPO} means (as TRL
 * has it, which the paper leaves open).
 *
 * @param form the function
 * @param beta β &gt; 0
 * @param labelSmoothing ε in [0, 1/2), {@link Form#SIGMOID} only
 */
public record PreferenceLoss(Form form, double beta, double labelSmoothing) {
  /** The function of d. */
  public enum Form {
    /**
     * −(1 − ε) ln σ(β d) − ε ln σ(−β d): DPO (Rafailov et al. 2023, eq. 7), with ε &gt; 0 cDPO
     * (Mitchell 2023).
     */
    SIGMOID,
    /** max(0, 1 − β d): SLiC (Zhao et al. 2023), as in Liu et al. 2023, "RSO". */
    HINGE,
    /** (d − 1 / (2 β))²: IPO (Azar et al. 2023, eq. 17). */
    IPO
  }

  /**
   * @param loss the pair's loss
   * @param slope ∂loss/∂d
   */
  public record Term(double loss, double slope) {}

  public PreferenceLoss {
    if (!(beta > 0) || Double.isInfinite(beta) || !(labelSmoothing >= 0 && labelSmoothing < 0.5)) {
      throw new IllegalArgumentException("beta " + beta + ", label smoothing " + labelSmoothing);
    }
  }

  /** Whether log-ratios are means over tokens. */
  public boolean averages() {
    return form == Form.IPO;
  }

  /** The loss at a difference of log-ratios, d. */
  public Term at(double difference) {
    double x = beta * difference;
    return switch (form) {
      case SIGMOID ->
          new Term(
              (1 - labelSmoothing) * Logistic.softplus(-x) + labelSmoothing * Logistic.softplus(x),
              beta
                  * (labelSmoothing * Logistic.sigmoid(x)
                      - (1 - labelSmoothing) * Logistic.sigmoid(-x)));
      case HINGE -> new Term(Math.max(0, 1 - x), x < 1 ? -beta : 0);
      case IPO -> {
        double off = difference - 1 / (2 * beta);
        yield new Term(off * off, 2 * off);
      }
    };
  }
}
