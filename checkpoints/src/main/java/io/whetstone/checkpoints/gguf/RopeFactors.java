package io.whetstone.checkpoints.gguf;

import io.whetstone.checkpoints.CheckpointException;
import io.whetstone.model.RopeScaling;
import java.util.ArrayList;
import java.util.List;

/**
 * Llama 3.1's rotary scaling as a GGUF file holds it: a tensor of what each frequency is divided
 * by.
 */
final class RopeFactors {
  /** Factors are computed in float by some and in double by others. */
  private static final double TOLERANCE = 1e-4;

  /** high_freq_factor and original positions of Llama 3.1 and later. */
  private static final double HIGH = 4;

  private static final int ORIGINAL = 8192;

  private RopeFactors() {}

  /** The magnitude that YaRN's paper has: 0.1 ln factor + 1. */
  static double magnitude(double factor) {
    return factor <= 1 ? 1 : 0.1 * StrictMath.log(factor) + 1;
  }

  /** The factors of a scaling. */
  static float[] of(RopeScaling.Llama3 scaling, double theta, int size) {
    float[] factors = new float[size / 2];
    for (int i = 0; i < factors.length; i++) {
      double wavelength = 2 * Math.PI / frequency(theta, i, size);
      double turns = scaling.originalPositions() / wavelength;
      double mix = Math.clamp((turns - scaling.low()) / (scaling.high() - scaling.low()), 0.0, 1.0);
      factors[i] = (float) (1 / ((1 - mix) / scaling.factor() + mix));
    }
    return factors;
  }

  private static double frequency(double theta, int i, int size) {
    return StrictMath.pow(theta, -2.0 * i / size);
  }

  /**
   * The scaling whose factors a file holds. Those between 1 and the largest lie on a line in the
   * frequency, which says low / (high − low) and original / (high − low); low is 1, since only the
   * ratios of the three numbers matter.
   *
   * @throws CheckpointException where they are not Llama 3's
   */
  static RopeScaling recover(GgufFile file, double theta, int size) {
    float[] factors = file.floats(GgufNames.ROPE_FACTORS);
    if (factors.length != size / 2) {
      throw refused(file, factors.length + " factors, expected " + size / 2);
    }
    double factor = 1;
    for (float f : factors) {
      factor = Math.max(factor, f);
    }
    List<Integer> between = new ArrayList<>();
    for (int i = 0; i < factors.length; i++) {
      if (factors[i] > 1 + TOLERANCE && factors[i] < factor * (1 - TOLERANCE)) {
        between.add(i);
      }
    }
    RopeScaling.Llama3 found =
        factor <= 1 || !Double.isFinite(factor)
            ? null
            : between.size() < 2
                ? published(factors, factor, between, theta, size)
                : line(factors, factor, between.getFirst(), between.getLast(), theta, size);
    if (factor == 1) {
      return new RopeScaling.None();
    }
    float[] again = found == null ? new float[0] : of(found, theta, size);
    for (int i = 0; i < factors.length; i++) {
      if (found == null || !(Math.abs(again[i] - factors[i]) <= TOLERANCE * factors[i])) {
        throw refused(file, "no low_freq_factor and high_freq_factor give factor " + factors[i]);
      }
    }
    return found;
  }

  private static RopeScaling.Llama3 line(
      float[] factors, double factor, int first, int last, double theta, int size) {
    double x0 = frequency(theta, first, size);
    double x1 = frequency(theta, last, size);
    double y0 = mix(factors[first], factor);
    double y1 = mix(factors[last], factor);
    double slope = (y0 - y1) / (x0 - x1);
    double lowShare = slope * x0 - y0;
    double high = Math.rint((1 + 1 / lowShare) * 1000) / 1000;
    double original = slope * 2 * Math.PI * (high - 1);
    boolean sane = lowShare > 0 && high > 1 && original >= 1 && original < 1 << 30;
    return sane ? new RopeScaling.Llama3(factor, 1, high, (int) Math.rint(original)) : null;
  }

  /** With too few for a line, high is 4 as in all that were published; null where nothing fits. */
  private static RopeScaling.Llama3 published(
      float[] factors, double factor, List<Integer> between, double theta, int size) {
    double original;
    if (between.isEmpty()) {
      // Between the longest wavelength that stays and the shortest that is stretched.
      double stays = 1;
      double stretched = Double.POSITIVE_INFINITY;
      for (int i = 0; i < factors.length; i++) {
        double wavelength = 2 * Math.PI / frequency(theta, i, size);
        if (factors[i] <= 1 + TOLERANCE) {
          stays = Math.max(stays, wavelength);
        } else {
          stretched = Math.min(stretched, wavelength);
        }
      }
      boolean usual = ORIGINAL > HIGH * stays && ORIGINAL < stretched;
      original = usual ? ORIGINAL : Math.sqrt(HIGH * stays * stretched);
    } else {
      int i = between.getFirst();
      double wavelength = 2 * Math.PI / frequency(theta, i, size);
      original = wavelength * ((HIGH - 1) * mix(factors[i], factor) + 1);
    }
    return original >= 1 && original < 1 << 30
        ? new RopeScaling.Llama3(factor, 1, HIGH, (int) Math.rint(original))
        : null;
  }

  private static double mix(double f, double factor) {
    return (1 / f - 1 / factor) / (1 - 1 / factor);
  }

  private static CheckpointException refused(GgufFile file, String why) {
    return new CheckpointException(
        file.path() + ": " + GgufNames.ROPE_FACTORS + " is not Llama 3's rotary scaling: " + why);
  }
}
