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

  /**
   * A whole chunk of k: its sums, from 0, are added to {@code sums} where there was a chunk before,
   * and become those; or, after the last chunk, the result in c.
   *
   * @param further whether there was a chunk before
   * @param result null where the sums are to be kept; else it and not they are written
   * @param cRow bytes from a row of c to the next; a row has 64 columns
   * @return false where this kernel cannot do it, and has done nothing
   */
  default boolean chunk(
      int rows,
      long x,
      long xRow,
      long block,
      int pairs,
      long sums,
      boolean further,
      Result result,
      long c,
      long cRow,
      boolean ahead) {
    return false;
  }
}
