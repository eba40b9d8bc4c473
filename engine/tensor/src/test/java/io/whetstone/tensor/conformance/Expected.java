package io.whetstone.tensor.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.fail;

import io.whetstone.tensor.DType;

/**
 * What a kernel should give: values in double precision and, beside each, the sum of the absolute
 * values of the terms it was summed from. Rounding errors are proportional to that sum, not to the
 * value, which may be small because its terms cancel.
 */
final class Expected {
  /** Of the sum of absolute terms: about 170 roundings to binary32. */
  static final double TOLERANCE = 1e-5;

  /** Of a number: half a unit in bfloat16's last place, and as much again. */
  private static final double BF16_ROUNDING = 0x1p-8;

  /** Below this, what a result is made of may lie under binary32's exponents and become zero. */
  private static final double TINY = 1e-30;

  private final double[] values;
  private final double[] terms;

  /** Sums that start at zero. */
  Expected(int size) {
    values = new double[size];
    terms = new double[size];
  }

  /** Sums that start at what is there already, for kernels that accumulate. */
  static Expected startingFrom(double[] initial) {
    Expected expected = new Expected(initial.length);
    for (int i = 0; i < initial.length; i++) {
      expected.add(i, initial[i]);
    }
    return expected;
  }

  void add(int index, double term) {
    add(index, term, Math.abs(term));
  }

  /** Adds a term that was itself rounded on the scale of {@code magnitude}. */
  void add(int index, double term, double magnitude) {
    values[index] += term;
    terms[index] += magnitude;
  }

  double value(int index) {
    return values[index];
  }

  double magnitude(int index) {
    return terms[index];
  }

  double[] values() {
    return values.clone();
  }

  /** Fails unless every number is within {@link #TOLERANCE} of its sum of absolute terms. */
  void check(String what, float[] actual) {
    check(what, actual, TOLERANCE, 0);
  }

  /** As {@link #check(String, float[])}, of a result that was rounded to a type. */
  void check(String what, float[] actual, DType dtype) {
    check(what, actual, TOLERANCE, dtype == DType.BF16 ? BF16_ROUNDING : 0);
  }

  /** As {@link #check(String, float[])}, where the terms had been rounded to a type. */
  void checkRoundedTerms(String what, float[] actual, DType dtype) {
    check(what, actual, dtype == DType.BF16 ? BF16_ROUNDING : TOLERANCE, 0);
  }

  private void check(String what, float[] actual, double tolerance, double rounding) {
    assertEquals(values.length, actual.length, what + ": number of elements");
    int worst = -1;
    double worstError = tolerance;
    for (int i = 0; i < values.length; i++) {
      double beyond = Math.max(0, Math.abs(actual[i] - values[i]) - rounding * Math.abs(values[i]));
      double error = beyond / (terms[i] + TINY / TOLERANCE);
      if (!(error <= worstError)) {
        worst = i;
        worstError = Double.isNaN(error) ? Double.POSITIVE_INFINITY : error;
      }
    }
    if (worst >= 0) {
      fail(
          "%s: element %d of %d is %s, expected %s (%.1e of the sum of absolute terms, allowed %.0e)"
              .formatted(
                  what, worst, values.length, actual[worst], values[worst], worstError, tolerance));
    }
  }
}
