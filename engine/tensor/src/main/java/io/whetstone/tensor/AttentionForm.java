package io.whetstone.tensor;

/**
 * What attention does with the products of queries and keys, and how far back it sees.
 *
 * <p>The logit of a query q and a key k is s = scale · q·k, or softCap · tanh(scale · q·k /
 * softCap) when capped (Gemma 2). A row at position p of its sequence, prefix included, sees the
 * positions in (p − window, p] of it, or all up to p without a window (Mistral, Gemma).
 *
 * @param scale usually 1/√size
 * @param softCap bound of the logits, or 0 for none
 * @param window positions that a row sees at most, itself included, or 0 for all
 */
public record AttentionForm(float scale, float softCap, int window) {
  public AttentionForm {
    if (!Float.isFinite(scale)) {
      throw new IllegalArgumentException("attention: scale: " + scale + " is not finite");
    }
    if (!(softCap >= 0) || softCap == Float.POSITIVE_INFINITY) {
      throw new IllegalArgumentException("attention: softCap: " + softCap + " is not in [0, ∞)");
    }
    if (window < 0) {
      throw new IllegalArgumentException("attention: window: " + window + " is not ≥ 0");
    }
  }

  /** Plain attention: no cap, and every earlier position is seen. */
  public static AttentionForm scaled(float scale) {
    return new AttentionForm(scale, 0, 0);
  }

  public boolean capped() {
    return softCap > 0;
  }

  /** The first position that a row sees which sees none beyond the first {@code length}. */
  public int firstSeen(int length) {
    return window == 0 ? 0 : Math.max(0, length - window);
  }
}
