package io.whetstone.datasets;

/**
 * Products of several numbers: {@code 7*12*3=?}.
 *
 * @param numbers how many numbers are multiplied; at least 2
 * @param values what each of them may be; not negative
 * @param heldOut the share of all products that is kept from training, in (0, 1)
 */
public record ProductsSettings(Range numbers, Range values, double heldOut) {

  public ProductsSettings {
    SyntheticChecks.checkNumbers(numbers);
    SyntheticChecks.checkValues(values, 0);
    if (Math.pow(values.max(), numbers.max()) > 1e15) {
      throw new IllegalArgumentException(
          "values: "
              + values
              + " with numbers "
              + numbers
              + " is not kept below 1e15 when multiplied");
    }
    SyntheticChecks.checkHeldOut(heldOut);
  }

  /** 2 to 3 numbers of 2 to 19; a tenth held out. */
  public static ProductsSettings defaults() {
    return new ProductsSettings(new Range(2, 3), new Range(2, 19), 0.1);
  }
}
