package io.whetstone.datasets;

/** What the settings of all synthetic tasks must fulfil. */
final class SyntheticChecks {

  private SyntheticChecks() {}

  static void numbers(Range numbers) {
    if (numbers.min() < 2 || numbers.max() > 100) {
      throw new IllegalArgumentException("numbers: " + numbers + " is not within [2, 100]");
    }
  }

  static void values(Range values) {
    if (values.min() < 0 || values.max() > 1_000_000_000) {
      throw new IllegalArgumentException("values: " + values + " is not within [0, 1000000000]");
    }
  }

  static void share(String key, double share) {
    if (!(share >= 0 && share <= 1)) {
      throw new IllegalArgumentException(key + ": " + share + " is not in [0, 1]");
    }
  }

  static void heldOut(double share) {
    if (!(share > 0 && share < 1)) {
      throw new IllegalArgumentException("held-out: " + share + " is not in (0, 1)");
    }
  }
}
