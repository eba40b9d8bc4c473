package io.whetstone.tensor;

/**
 * Counter-based random numbers: Philox 4×32 with 10 rounds (Salmon et al. 2011, "Parallel random
 * numbers: as easy as 1, 2, 3").
 *
 * <p>A number is a pure function of its key and counter, so what is drawn does not depend on who
 * drew before: not on batching, threads or resumption. The same function is easy to write on a GPU.
 */
public final class Philox {
  private Philox() {}

  /** One block: four 32-bit words from a 64-bit key and a 128-bit counter. */
  public static int[] block(int key0, int key1, int c0, int c1, int c2, int c3) {
    for (int round = 0; round < 10; round++) {
      long p0 = (c0 & 0xFFFFFFFFL) * 0xD2511F53L;
      long p1 = (c2 & 0xFFFFFFFFL) * 0xCD9E8D57L;
      int next0 = (int) (p1 >>> 32) ^ c1 ^ key0;
      int next2 = (int) (p0 >>> 32) ^ c3 ^ key1;
      c1 = (int) p1;
      c3 = (int) p0;
      c0 = next0;
      c2 = next2;
      key0 += 0x9E3779B9;
      key1 += 0xBB67AE85;
    }
    return new int[] {c0, c1, c2, c3};
  }

  /**
   * A key derived from a parent key and a purpose, so that streams for different purposes (or
   * stages, visits, tasks, attempts, samples) never meet.
   */
  public static long derive(long key, long purpose) {
    int[] words =
        block((int) key, (int) (key >>> 32), (int) purpose, (int) (purpose >>> 32), 0x57484554, 1);
    return (words[0] & 0xFFFFFFFFL) | ((long) words[1] << 32);
  }

  /** Derives over several purposes, one after another. */
  public static long derive(long key, long first, long... rest) {
    long derived = derive(key, first);
    for (long purpose : rest) {
      derived = derive(derived, purpose);
    }
    return derived;
  }

  /** The {@code index}-th 64-bit word under {@code key}. */
  public static long bits(long key, long index) {
    int[] words = block((int) key, (int) (key >>> 32), (int) index, (int) (index >>> 32), 0, 0);
    return (words[0] & 0xFFFFFFFFL) | ((long) words[1] << 32);
  }

  /** The {@code index}-th uniform number in [0, 1) under {@code key}, with 53 random bits. */
  public static double uniform(long key, long index) {
    return (bits(key, index) >>> 11) * 0x1p-53;
  }

  /** The {@code index}-th uniform integer in [0, bound) under {@code key}. */
  public static int below(long key, long index, int bound) {
    return (int) Math.unsignedMultiplyHigh(bits(key, index), bound);
  }

  /** The {@code index}-th standard normal number under {@code key} (Box & Muller 1958). */
  public static double normal(long key, long index) {
    int[] words = block((int) key, (int) (key >>> 32), (int) index, (int) (index >>> 32), 0, 2);
    double u = ((words[0] & 0xFFFFFFFFL) + 1) * 0x1p-32;
    double v = (words[1] & 0xFFFFFFFFL) * 0x1p-32;
    return StrictMath.sqrt(-2 * StrictMath.log(u)) * StrictMath.cos(2 * StrictMath.PI * v);
  }

  /** A shuffle of 0 … n−1 under {@code key} (Fisher & Yates). */
  public static int[] permutation(long key, int n) {
    int[] order = new int[n];
    for (int i = 0; i < n; i++) {
      int j = below(key, i, i + 1);
      order[i] = order[j];
      order[j] = i;
    }
    return order;
  }
}
