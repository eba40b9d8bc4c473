package io.whetstone.model;

/**
 * Rotary positions (Su et al. 2021): frequency i of a head is theta^(−2i/size), then scaled.
 *
 * @param theta base of the frequencies
 * @param scaling how they are stretched for longer contexts
 */
public record Rope(double theta, RopeScaling scaling) {
  public Rope {
    if (!(theta > 1) || !Double.isFinite(theta)) {
      throw new IllegalArgumentException("model: ropeTheta: " + theta + " is not finite and > 1");
    }
  }

  /** Not scaled. */
  public static Rope of(double theta) {
    return new Rope(theta, new RopeScaling.None());
  }

  /** The size/2 frequencies, in radians a position, rounded to float as transformers does. */
  float[] frequencies(int size) {
    float[] frequencies = new float[size / 2];
    for (int i = 0; i < frequencies.length; i++) {
      float plain = 1 / (float) StrictMath.pow(theta, 2.0 * i / size);
      frequencies[i] = scaling.scaled(plain, i, theta, size);
    }
    return frequencies;
  }
}
