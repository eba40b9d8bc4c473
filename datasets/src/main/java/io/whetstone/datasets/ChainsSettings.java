package io.whetstone.datasets;

import io.whetstone.datasets.settings.Default;
import io.whetstone.datasets.settings.Settings;
import java.util.Map;

/**
 * Chains of additions and subtractions, taken from the left: {@code 37-58+12=?}. Running totals may
 * be negative.
 *
 * @param numbers how many numbers a chain has; at least 2
 * @param values what each of them may be; not negative
 * @param minus the probability that a number is subtracted, in [0, 1]
 * @param heldOut the share of all chains that is kept from training, in (0, 1)
 * @param mess what demonstrations look like
 */
public record ChainsSettings(
    @Default(value = "[3, 5]", source = "as sums") Range numbers,
    @Default(value = "[1, 99]", source = "as sums") Range values,
    @Default(value = "0.5", source = "as many + as -") double minus,
    @Default(value = "0.1", source = "leaves nine tenths to training") double heldOut,
    @Default(value = "{}", source = "see its keys") MessSettings mess) {

  public ChainsSettings {
    SyntheticChecks.numbers(numbers);
    SyntheticChecks.values(values);
    SyntheticChecks.share("minus", minus);
    SyntheticChecks.heldOut(heldOut);
  }

  public static ChainsSettings defaults() {
    return Settings.read(Map.of(), ChainsSettings.class, "");
  }
}
