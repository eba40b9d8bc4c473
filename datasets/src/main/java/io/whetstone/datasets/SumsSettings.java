package io.whetstone.datasets;

/**
 * Sums of several numbers: {@code 37+58+12+9=?}.
 *
 * @param numbers how many numbers are added; at least 2
 * @param values what each of them may be; not negative
 * @param heldOut the share of all sums that is kept from training, in (0, 1)
 */
public record SumsSettings(Range numbers, Range values, double heldOut) {

  public SumsSettings {
    SyntheticChecks.checkNumbers(numbers);
    SyntheticChecks.checkValues(values, 0);
    SyntheticChecks.checkHeldOut(heldOut);
  }

  /** 3 to 5 numbers of 1 to 99, as the first run's prototype had them; a tenth held out. */
  public static SumsSettings defaults() {
    return new SumsSettings(new Range(3, 5), new Range(1, 99), 0.1);
  }
}
