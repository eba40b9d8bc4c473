package io.whetstone.cpu;

/**
 * Products of a few rows with the 64 columns of a block of a {@link PairMatrix}.
 *
 * <p>A column's sum is a chain of fused multiply-adds over the pairs in order, and in a pair the
 * odd element comes first: that is how the processors' own instruction for bfloat16 does it.
 * ({@link FloatRows} have a single F32 number in place of each pair.)
 */
interface PairRows {
  /** From a row of sums to the next, in bytes: they lie one after the other. */
  long SUMS_ROW = 4L * PairMatrix.COLUMNS;

  /** Rows of sums that there is room for. */
  int SUMS = 252;

  /** From the sums of a chunk of k to those of the chunks so far. */
  long TOTALS = SUMS_ROW * SUMS;

  /** The most rows of a call. */
  int most();

  /** Bytes of an element of x: 4 where it is to be F32, 2 where it is bfloat16. */
  int factorBytes();

  /**
   * A part of a chunk of k that is not its last: sums[r, c] (+)= Σ_k x[r, k] b[k, c].
   *
   * @param rows from 1 to {@link #most}
   * @param xRow bytes from a row of x to the next
   * @param block its first pair to be used
   * @param pairs how many of them, at least 1
   * @param begins whether the chunk begins here, so that sums begin with 0
   * @param ahead whether what follows in memory is to be fetched meanwhile
   */
  void part(
      int rows, long x, long xRow, long block, int pairs, long sums, boolean begins, boolean ahead);

  /**
   * The last part of a chunk: its sums are added to the totals where there was a chunk before, and
   * become those; or, with the last chunk, the result in c.
   *
   * @param further whether there was a chunk before
   * @param result null where totals are to be kept; else it and not they are written
   * @param cRow bytes from a row of c to the next; a row has 64 columns
   */
  default void last(
      int rows,
      long x,
      long xRow,
      long block,
      int pairs,
      long sums,
      boolean begins,
      boolean ahead,
      boolean further,
      Result result,
      long c,
      long cRow) {
    part(rows, x, xRow, block, pairs, sums, begins, ahead);
    long totals = sums + TOTALS;
    if (further) {
      Rows.addColumns(sums, totals, 0, PairMatrix.COLUMNS * rows);
    } else {
      Memory.copy(sums, totals, SUMS_ROW * rows);
    }
    if (result != null) {
      for (int r = 0; r < rows; r++) {
        settle(totals + SUMS_ROW * r, c + cRow * r, PairMatrix.COLUMNS, result);
      }
    }
  }

  /** Makes the result in a row of c of a row of totals. */
  static void settle(long totals, long c, int columns, Result result) {
    switch (result) {
      case F32 -> Memory.copy(totals, c, 4L * columns);
      case F32_ADDED -> Rows.addColumns(totals, c, 0, columns);
      case BF16 -> Bfloat16.round(totals, c, columns);
    }
  }
}
