package io.whetstone.datasets;

import io.whetstone.datasets.settings.Default;
import io.whetstone.datasets.settings.Settings;
import java.util.Map;

/**
 * Sums of several numbers: {@code 37+58+12+9=?}.
 *
 * @param numbers how many numbers are added; at least 2
 * @param values what each of them may be; not negative
 * @param heldOut the share of all sums that is kept from training, in (0, 1)
 * @param mess what demonstrations look like
 */
public record SumsSettings(
    @Default(value = "[3, 5]", source = "the first run's prototype") Range numbers,
    @Default(value = "[1, 99]", source = "the first run's prototype") Range values,
    @Default(value = "0.1", source = "leaves nine tenths to training") double heldOut,
    @Default(value = "{}", source = "see its keys") MessSettings mess) {

  public SumsSettings {
    SyntheticChecks.numbers(numbers);
    SyntheticChecks.values(values);
    SyntheticChecks.heldOut(heldOut);
  }

  public static SumsSettings defaults() {
    return Settings.read(Map.of(), SumsSettings.class, "");
  }
}
