package io.whetstone.datasets;

/**
 * Random numbers that are a pure function of (seed, purpose, index): SplitMix64 (Steele et al.
 * 2014) from a hashed start. Its own, because the JDK does not promise the same numbers in every
 * version, and a recorded run must find its tasks again.
 */
public final class RandomStream {

  private static final long STEP = 0x9e3779b97f4a7c15L;

  private long state;

  public RandomStream(long seed, String purpose, long index) {
    state = Hash.mix(Hash.mix(seed ^ Hash.of(purpose, 0)) + index);
  }

  private long next() {
    state += STEP;
    return Hash.mix(state);
  }

  /** Uniform in [0, 1). */
  double unit() {
    return (next() >>> 11) * 0x1p-53;
  }

  /** True with probability p. */
  public boolean chance(double p) {
    return unit() < p;
  }

  /** Uniform in [min, max]; off by less than one in 2^32 for ranges below 2^32. */
  public long within(long min, long max) {
    return min + Math.unsignedMultiplyHigh(next(), max - min + 1);
  }

  /** Uniform in the range. */
  public int within(Range range) {
    return (int) within(range.min(), range.max());
  }
}
