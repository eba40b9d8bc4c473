package io.whetstone.model;

import java.util.Optional;

/**
 * In what one layer may differ from the next.
 *
 * @param window positions that a token sees at most, itself included; 0 for all
 * @param rope how queries and keys are rotated; absent in layers without positions (SmolLM3)
 */
public record LayerForm(int window, Optional<Rope> rope) {
  public LayerForm {
    if (window < 0) {
      throw new IllegalArgumentException("model: window: " + window + " is not ≥ 0");
    }
  }

  /** Sees all positions. */
  public static LayerForm full(Rope rope) {
    return new LayerForm(0, Optional.of(rope));
  }
}
