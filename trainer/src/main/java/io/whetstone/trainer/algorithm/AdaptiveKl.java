package io.whetstone.trainer.algorithm;

/**
 * Ziegler's controller of the KL coefficient (Ziegler et al. 2019, §2.2): with e = clip(KL / target
 * − 1, −0.2, 0.2), β ← β (1 + e · n / horizon) after n completions.
 *
 * @param target nats a token; the paper's is nats a completion
 * @param horizon completions over which a full error would double or undo β, about
 */
public record AdaptiveKl(double target, double horizon) {
  private static final double MOST_ERROR = 0.2;

  /** The next β. */
  public double next(double coefficient, double divergence, long completions) {
    double error = Math.clamp(divergence / target - 1, -MOST_ERROR, MOST_ERROR);
    return coefficient * (1 + error * completions / horizon);
  }
}
