package io.whetstone.trainer.config;

/** Range checks whose messages the binder completes with the file and the path. */
final class Range {
  private Range() {}

  static void atLeast(String key, long value, long least) {
    if (value < least) {
      throw new IllegalArgumentException(key + ": " + value + " is not at least " + least);
    }
  }

  /** Checks for [least, most]. */
  static void within(String key, double value, double least, double most) {
    if (!(value >= least && value <= most)) {
      throw outside(key, value, "[" + show(least) + ", " + show(most) + "]");
    }
  }

  /** Checks for [least, below). */
  static void below(String key, double value, double least, double below) {
    if (!(value >= least && value < below)) {
      throw outside(key, value, "[" + show(least) + ", " + show(below) + ")");
    }
  }

  /** Checks for (above, most]. */
  static void above(String key, double value, double above, double most) {
    if (!(value > above && value <= most)) {
      throw outside(key, value, "(" + show(above) + ", " + show(most) + "]");
    }
  }

  static void positive(String key, double value) {
    if (!(value > 0 && value < Double.POSITIVE_INFINITY)) {
      throw outside(key, value, "(0, ∞)");
    }
  }

  static void notNegative(String key, double value) {
    below(key, value, 0, Double.POSITIVE_INFINITY);
  }

  private static IllegalArgumentException outside(String key, double value, String range) {
    return new IllegalArgumentException(key + ": " + show(value) + " is not in " + range);
  }

  private static String show(double value) {
    if (value == Double.POSITIVE_INFINITY) {
      return "∞";
    }
    return value == Math.rint(value) && Math.abs(value) < 1e15
        ? Long.toString((long) value)
        : Double.toString(value);
  }
}
