package io.whetstone.trainer.algorithm;

/**
 * Clipping of the gradient's global norm (Pascanu et al. 2013): all gradients are multiplied by
 * min(1, most / norm).
 *
 * <p>Deviates from PyTorch, which divides by norm + 1e-6: here a gradient just within the limit is
 * left alone to the bit.
 *
 * @param most the largest norm let through &gt; 0; infinite for no clipping
 */
public record GradientClip(double most) {
  public GradientClip {
    if (!(most > 0)) {
      throw new IllegalArgumentException("gradient clip " + most + " is not positive");
    }
  }

  /**
   * What to multiply every gradient by.
   *
   * @param norm the L2 norm over all gradients
   * @throws ArithmeticException where the norm is not finite: such a step cannot be mended by
   *     scaling
   */
  public double scale(double norm) {
    if (!Double.isFinite(norm)) {
      throw new ArithmeticException("the gradient's norm is " + norm);
    }
    return norm > most ? most / norm : 1;
  }
}
