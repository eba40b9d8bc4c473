package io.whetstone.datasets;

import java.util.List;

/** The whole numbers from min to max, both included; written {@code [min, max]}. */
public record Range(int min, int max) {

  public Range {
    if (min > max) {
      throw new IllegalArgumentException(
          "[" + min + ", " + max + "] is not a range [min, max] with min <= max");
    }
  }

  public static Range of(List<Integer> bounds) {
    if (bounds.size() != 2) {
      throw new IllegalArgumentException(bounds + " is not a range [min, max]");
    }
    return new Range(bounds.get(0), bounds.get(1));
  }

  @Override
  public String toString() {
    return "[" + min + ", " + max + "]";
  }
}
