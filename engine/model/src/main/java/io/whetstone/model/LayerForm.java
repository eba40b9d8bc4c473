package io.whetstone.model;

import java.util.List;
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

  /**
   * How many positions the rotary frequencies of these layers hold for: {@link
   * RopeScaling.LongRope} ends somewhere.
   */
  public static int reach(List<LayerForm> layers) {
    return layers.stream()
        .flatMap(layer -> layer.rope().stream())
        .mapToInt(rope -> rope.scaling().reach())
        .min()
        .orElse(Integer.MAX_VALUE);
  }

  /** Sees all positions. */
  public static LayerForm full(Rope rope) {
    return new LayerForm(0, Optional.of(rope));
  }
}
