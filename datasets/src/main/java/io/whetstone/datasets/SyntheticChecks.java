package io.whetstone.datasets;

/** What the settings of all synthetic calculations must fulfil. */
final class SyntheticChecks {

  private SyntheticChecks() {}

  static void checkNumbers(Range numbers) {
    if (numbers.min() < 2 || numbers.max() > 100) {
      throw new IllegalArgumentException("numbers: " + numbers + " is not within [2, 100]");
    }
  }

  static void checkValues(Range values, int least) {
    if (values.min() < least || values.max() > 1_000_000_000) {
      throw new IllegalArgumentException(
          "values: " + values + " is not within [" + least + ", 1000000000]");
    }
  }

  static void checkShare(String key, double share) {
    if (!(share >= 0 && share <= 1)) {
      throw new IllegalArgumentException(key + ": " + share + " is not in [0, 1]");
    }
  }

  static void checkHeldOut(double share) {
    if (!(share > 0 && share < 1)) {
      throw new IllegalArgumentException("held-out: " + share + " is not in (0, 1)");
    }
  }
}
