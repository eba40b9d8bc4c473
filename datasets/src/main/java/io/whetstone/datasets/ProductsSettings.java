package io.whetstone.datasets;

import io.whetstone.datasets.settings.Default;
import io.whetstone.datasets.settings.Settings;
import java.util.Map;

/**
 * Products of several numbers: {@code 7*12*3=?}.
 *
 * @param numbers how many numbers are multiplied; at least 2
 * @param values what each of them may be; not negative
 * @param heldOut the share of all products that is kept from training, in (0, 1)
 * @param mess what demonstrations look like
 */
public record ProductsSettings(
    @Default(value = "[2, 3]", source = "products grow fast") Range numbers,
    @Default(value = "[2, 19]", source = "products grow fast") Range values,
    @Default(value = "0.1", source = "leaves nine tenths to training") double heldOut,
    @Default(value = "{}", source = "see its keys") MessSettings mess) {

  public ProductsSettings {
    SyntheticChecks.numbers(numbers);
    SyntheticChecks.values(values);
    // Far below 2^63, so that no running total, slips included, can overflow.
    if (Math.pow(values.max(), numbers.max()) > 1e15) {
      throw new IllegalArgumentException(
          "values: %s multiplied %d times is not below 1e15".formatted(values, numbers.max()));
    }
    SyntheticChecks.heldOut(heldOut);
  }

  public static ProductsSettings defaults() {
    return Settings.read(Map.of(), ProductsSettings.class, "");
  }
}
