package io.whetstone.tensor.quantized;

import java.util.Arrays;

/**
 * The 256 numbers within [−1, 1] that 8-bit codes stand for under dynamic quantisation (Dettmers
 * 2016, "8-Bit Approximations for Parallelism in Deep Learning"; Dettmers et al. 2022, "8-bit
 * Optimizers via Block-wise Quantization", sections 1.3 and 2.2), in ascending order of the codes:
 * the values of bitsandbytes' {@code create_dynamic_map}.
 *
 * <p>Seven decades share the codes, each larger one twice as many, so that small numbers keep their
 * order of magnitude and large ones have two digits. Decade i = 0 … 6 has n = 2ⁱ of either sign, or
 * 2ⁱ⁺¹ without signs, at 10ⁱ⁻⁶ · (0.1 + 0.9 (j + ½) / n), 0 ≤ j &lt; n; then there are 0 and 1.
 *
 * <p>A number's code is that of the nearest value, the lower of two. In the unsigned map what is
 * above 0 never gets the code of 0, which differs from bitsandbytes: a mean squared gradient that
 * became 0 beside a mean gradient that did not would divide it by AdamW's epsilon alone (the
 * zero-point problem of Li et al. 2023, "Memory Efficient Optimizers with 4-bit States").
 */
public final class DynamicMap {
  /** For mean gradients. */
  public static final DynamicMap SIGNED = new DynamicMap(true);

  /** For mean squared gradients. */
  public static final DynamicMap UNSIGNED = new DynamicMap(false);

  private static final int CODES = 256;
  private static final int DECADES = 7;

  private final float[] values;
  private final float[] thresholds;

  /** By a float's upper 16 bits, the code of the least of the floats that begin with them. */
  private final byte[] leastCodes = new byte[1 << 16];

  private DynamicMap(boolean signed) {
    values = values(signed);
    thresholds = thresholds(values);
    if (!signed) {
      thresholds[0] = 0;
    }
    for (int upper = 0; upper < leastCodes.length; upper++) {
      boolean negative = upper >= 1 << 15;
      float least = Float.intBitsToFloat(upper << 16 | (negative ? 0xffff : 0));
      int above = Arrays.binarySearch(thresholds, least);
      leastCodes[upper] = (byte) Math.min(above < 0 ? -above - 1 : above, CODES - 1);
    }
  }

  private static float[] values(boolean signed) {
    float[] values = new float[CODES];
    int count = 0;
    values[count++] = 0;
    values[count++] = 1;
    for (int decade = 0; decade < DECADES; decade++) {
      int steps = 1 << (signed ? decade : decade + 1);
      double below = StrictMath.pow(10, DECADES - 1 - decade);
      for (int j = 0; j < steps; j++) {
        float value = (float) ((0.1 + 0.9 * (j + 0.5) / steps) / below);
        values[count++] = value;
        if (signed) {
          values[count++] = -value;
        }
      }
    }
    Arrays.sort(values);
    return values;
  }

  private static float[] thresholds(float[] values) {
    float[] thresholds = new float[CODES];
    for (int code = 0; code < CODES - 1; code++) {
      thresholds[code] = (float) (((double) values[code] + values[code + 1]) / 2);
    }
    thresholds[CODES - 1] = Float.POSITIVE_INFINITY;
    return thresholds;
  }

  /** The number that a code of 0 to 255 stands for. */
  public float value(int code) {
    return values[code];
  }

  /** The code of a number of [−1, 1], or of [0, 1] in the unsigned map. */
  public int code(float x) {
    // No two thresholds lie among floats with the same upper half.
    int code = leastCodes[Float.floatToRawIntBits(x) >>> 16] & 0xff;
    return x > thresholds[code] ? code + 1 : code;
  }

  /** All values, by code. */
  public float[] values() {
    return values.clone();
  }

  /** For each code, the largest number that has it; infinity for the last. */
  public float[] thresholds() {
    return thresholds.clone();
  }
}
