package io.whetstone.datasets.mixing;

import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * Which part each place of a mixture comes from, as a pure function of (seed, place).
 *
 * <p>Places come in blocks. Each block has of each part as many as its weight says, exactly, in an
 * order drawn from the seed and the block's number; a part's own entries come in their order. The
 * block is the shortest that gives the weights' ratio exactly, 1000 places at most; a ratio that
 * needs more is rounded to thousandths.
 *
 * <p>Example: weights 2 and 1 give blocks of 3, such as {@code a b a | a a b | …}.
 */
final class Mixture {

  /** Part and entry of a place. */
  record Place(int part, long index) {}

  private record Block(long number, int[] labels) {}

  private static final int LONGEST_BLOCK = 1000;

  private final int[] shares; // of a block
  private final int[] starts; // the first label of each part
  private final int block;
  private final long[] sizes;
  private final long seed;
  private final long size;
  private volatile Block last;

  /**
   * @param weights above 0
   * @param sizes of the parts, {@link Long#MAX_VALUE} for an endless one; above 0
   * @param whole whether it goes on until every part that ends has come up whole, and begins those
   *     anew that end before; else it ends where the first part does
   */
  Mixture(double[] weights, long[] sizes, boolean whole, long seed) {
    this.shares = shares(weights);
    this.block = Arrays.stream(shares).sum();
    this.starts = new int[shares.length];
    for (int p = 1; p < starts.length; p++) {
      starts[p] = starts[p - 1] + shares[p - 1];
    }
    this.sizes = sizes.clone();
    this.seed = seed;
    boolean endless = Arrays.stream(sizes).anyMatch(n -> n == Long.MAX_VALUE);
    boolean ends = Arrays.stream(sizes).anyMatch(n -> n != Long.MAX_VALUE);
    this.size = whole && endless || !ends ? Long.MAX_VALUE : end(whole);
  }

  /** The smallest whole numbers in the weights' ratio. */
  static int[] shares(double[] weights) {
    double sum = Arrays.stream(weights).sum();
    for (int block = weights.length; block <= LONGEST_BLOCK; block++) {
      int[] shares = new int[weights.length];
      boolean exact = true;
      for (int p = 0; p < shares.length; p++) {
        double share = weights[p] * block / sum;
        shares[p] = (int) Math.rint(share);
        exact &= shares[p] > 0 && Math.abs(share - shares[p]) < 1e-9 * block;
      }
      if (exact) {
        return shares;
      }
    }
    return Arrays.stream(weights)
        .mapToInt(weight -> Math.max(1, (int) Math.rint(weight * LONGEST_BLOCK / sum)))
        .toArray();
  }

  long size() {
    return size;
  }

  /** What comes at a place. */
  Place at(long place) {
    long number = place / block;
    int label = labels(number)[(int) (place % block)];
    int part = part(label);
    long entry = number * shares[part] + (label - starts[part]);
    return new Place(part, sizes[part] == Long.MAX_VALUE ? entry : entry % sizes[part]);
  }

  /** The labels of a block's places in their order; a part's labels rise. */
  private int[] labels(long number) {
    Block known = last;
    if (known == null || known.number != number) {
      known = new Block(number, draw(number));
      last = known;
    }
    return known.labels;
  }

  private int[] draw(long number) {
    Integer[] order = IntStream.range(0, block).boxed().toArray(Integer[]::new);
    long key = mix(mix(seed) + number);
    Arrays.sort(
        order,
        (a, b) ->
            Long.compare(mix(key + a), mix(key + b)) != 0
                ? Long.compare(mix(key + a), mix(key + b))
                : a - b);
    int[] next = starts.clone();
    int[] labels = new int[block];
    for (int i = 0; i < block; i++) {
      labels[i] = next[part(order[i])]++;
    }
    return labels;
  }

  private int part(int label) {
    int part = starts.length - 1;
    while (starts[part] > label) {
      part--;
    }
    return part;
  }

  /** SplitMix64's finalizer (Steele et al. 2014). */
  private static long mix(long z) {
    z += 0x9e3779b97f4a7c15L;
    z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
    z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
    return z ^ (z >>> 31);
  }

  /** The place after the last: of the last entry of the part that is whole last, or first. */
  private long end(boolean whole) {
    long end = whole ? 0 : Long.MAX_VALUE;
    for (int p = 0; p < sizes.length; p++) {
      if (sizes[p] != Long.MAX_VALUE) {
        // Where the part's last entry comes, or, to end before a part begins anew, the one after
        // it.
        long entry = whole ? sizes[p] - 1 : sizes[p];
        long number = entry / shares[p];
        int label = starts[p] + (int) (entry % shares[p]);
        int[] labels = labels(number);
        int at = 0;
        while (labels[at] != label) {
          at++;
        }
        long place = number * block + at;
        end = whole ? Math.max(end, place + 1) : Math.min(end, place);
      }
    }
    return end;
  }
}
