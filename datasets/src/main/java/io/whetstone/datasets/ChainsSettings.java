package io.whetstone.datasets;

/**
 * Chains of additions and subtractions, taken from the left: {@code 37-58+12=?}. Running totals may
 * be negative.
 *
 * @param numbers how many numbers a chain has; at least 2
 * @param values what each of them may be; not negative
 * @param minus the probability that a number is subtracted, in [0, 1]
 * @param heldOut the share of all chains that is kept from training, in (0, 1)
 */
public record ChainsSettings(Range numbers, Range values, double minus, double heldOut) {

  public ChainsSettings {
    SyntheticChecks.checkNumbers(numbers);
    SyntheticChecks.checkValues(values, 0);
    SyntheticChecks.checkShare("minus", minus);
    SyntheticChecks.checkHeldOut(heldOut);
  }

  /** As {@link SumsSettings#defaults()}, half of the numbers subtracted. */
  public static ChainsSettings defaults() {
    return new ChainsSettings(new Range(3, 5), new Range(1, 99), 0.5, 0.1);
  }
}
