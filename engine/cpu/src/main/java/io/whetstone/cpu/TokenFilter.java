package io.whetstone.cpu;

import io.whetstone.tensor.Sampling;
import java.util.Arrays;

/**
 * Top-k, top-p and min-p on one row of token weights.
 *
 * <p>Each of the three keeps a prefix of the tokens in the order of falling weight, then rising id,
 * so the shortest prefix decides. Only the weights that can be in it are sorted: a histogram over
 * the weights' leading bits finds them.
 */
final class TokenFilter {
  /** Sign, exponent and three bits of the mantissa; weights are in [0, 1]. */
  private static final int SHIFT = 20;

  private static final int BUCKETS = (Float.floatToRawIntBits(1) >>> SHIFT) + 1;

  /** More than sums in another order can differ by. */
  private static final double SLACK = 1 + 1e-9;

  private final int[] counts = new int[BUCKETS];
  private final double[] sums = new double[BUCKETS];
  private final float[] weights;
  private final long[] order;

  /**
   * @param weights the row that {@link #apply} works on; the largest weight is 1
   */
  TokenFilter(float[] weights) {
    this.weights = weights;
    this.order = new long[weights.length];
  }

  /** Sets to 0 what {@code sampling} drops; {@code total} is the sum of all weights. */
  void apply(Sampling sampling, double total) {
    int most = sampling.topK() == 0 ? Integer.MAX_VALUE : sampling.topK();
    boolean nested = sampling.topK() > 0 && sampling.topP() < 1;
    // With top-k, top-p's share is one of what that leaves: known when it is sorted.
    boolean open = nested || sampling.topP() == 1;
    double enough = open ? Double.POSITIVE_INFINITY : sampling.topP() * total;
    float least = nested ? 0 : sampling.minP();
    int candidates = Math.min(most, sort(least(most, enough * SLACK), least));
    if (nested) {
      enough = sampling.topP() * sum(candidates);
    }
    double sum = 0;
    int kept = 0;
    while (kept < candidates && sum < enough && weight(order[kept]) >= sampling.minP()) {
      sum += weight(order[kept++]);
    }
    Arrays.fill(weights, 0);
    for (int i = 0; i < kept; i++) {
      weights[(int) order[i]] = weight(order[i]);
    }
  }

  /** The lowest bucket that the first {@code most} weights, or those up to the sum, reach into. */
  private int least(int most, double enough) {
    Arrays.fill(counts, 0);
    Arrays.fill(sums, 0);
    for (float weight : weights) {
      int bucket = Float.floatToRawIntBits(weight) >>> SHIFT;
      counts[bucket]++;
      sums[bucket] += weight;
    }
    long count = 0;
    double sum = 0;
    for (int bucket = BUCKETS - 1; bucket > 0; bucket--) {
      count += counts[bucket];
      sum += sums[bucket];
      if (count >= most || sum >= enough) {
        return bucket;
      }
    }
    return 0;
  }

  /** Orders the tokens from this bucket and weight up; returns their number. */
  private int sort(int leastBucket, float leastWeight) {
    int count = 0;
    for (int v = 0; v < weights.length; v++) {
      int bits = Float.floatToRawIntBits(weights[v]);
      if (bits >>> SHIFT >= leastBucket && weights[v] >= leastWeight && weights[v] > 0) {
        // Positive numbers' bits have their order; complemented, larger ones come first.
        order[count++] = ((long) ~bits << Integer.SIZE) | v;
      }
    }
    Arrays.sort(order, 0, count);
    return count;
  }

  /** Of the first {@code count} in order. */
  private double sum(int count) {
    double sum = 0;
    for (int i = 0; i < count; i++) {
      sum += weight(order[i]);
    }
    return sum;
  }

  private static float weight(long key) {
    return Float.intBitsToFloat(~(int) (key >>> Integer.SIZE));
  }
}
