package io.whetstone.rewards;

import java.util.List;

/**
 * Bounds a value is held within, written {@code [low, high]}.
 *
 * @param low finite
 * @param high finite, not below low
 */
public record Clip(double low, double high) {

  public Clip {
    if (!Double.isFinite(low) || !Double.isFinite(high) || low > high) {
      throw new IllegalArgumentException(
          "[" + low + ", " + high + "] is not [low, high] with low <= high");
    }
  }

  /** As a configuration has it. */
  public static Clip of(List<Double> bounds) {
    if (bounds.size() != 2) {
      throw new IllegalArgumentException(bounds + " is not [low, high]");
    }
    return new Clip(bounds.getFirst(), bounds.getLast());
  }

  double of(double value) {
    return Math.clamp(value, low, high);
  }
}
