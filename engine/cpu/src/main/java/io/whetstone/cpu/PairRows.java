package io.whetstone.cpu;

/**
 * Products of a few F32 rows with the 64 columns of a block of a {@link PairMatrix}.
 *
 * <p>A column's sum is a chain of fused multiply-adds over the pairs in order, and in a pair the
 * odd element comes first: that is how the processors' own instruction for bfloat16 does it.
 */
interface PairRows {
  /** From a row of sums to the next, in bytes: they lie one after the other. */
  long SUMS_ROW = 4L * PairMatrix.COLUMNS;

  /** The most rows of a call. */
  int most();

  /**
   * sums[r, c] += Σ_k x[r, k] b[k, c].
   *
   * @param rows from 1 to {@link #most}
   * @param xRow bytes from a row of x to the next
   * @param block its first pair to be used
   * @param pairs how many of them, at least 1
   * @param ahead whether what follows in memory is to be fetched meanwhile, as many pairs as these
   */
  void add(int rows, long x, long xRow, long block, int pairs, long sums, boolean ahead);
}
