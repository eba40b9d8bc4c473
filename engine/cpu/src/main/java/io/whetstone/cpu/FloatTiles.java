package io.whetstone.cpu;

/**
 * Small F32 products, what attention is made of.
 *
 * <p>Every element is one chain of fused multiply-adds in the order of k, so how a product is cut
 * into tiles changes no bit.
 */
interface FloatTiles {
  /** Columns of a block. */
  int COLUMNS = 16;

  /** Rows of a tile at most. */
  int ROWS = 14;

  /** The fastest there is on this machine. */
  static FloatTiles forThisMachine() {
    return FloatCode.forThisMachine().map(code -> (FloatTiles) code).orElseGet(FloatVectors::new);
  }

  /** Where chains begin, and what becomes of them. */
  enum Sum {
    /** They begin with 0 and are the result. */
    NEW,
    /** They begin with what is in c and are the result. */
    CONTINUED,
    /** They begin with 0 and are added to what is in c. */
    ADDED
  }

  /**
   * Σ_k a[r, k] b[k, v] into c[r, v]; strides are bytes.
   *
   * @param rows from 1 to {@link #ROWS}
   * @param blocks of {@link #COLUMNS} columns: 1 or 2
   * @param aStep from one k to the next
   * @param bStep from one k to the next
   * @param bBlock from the first block of b to the second one; in c they are neighbours
   * @param k at least 1
   */
  void multiply(
      int rows,
      int blocks,
      long a,
      long aRow,
      long aStep,
      long b,
      long bStep,
      long bBlock,
      int k,
      long c,
      long cRow,
      Sum sum);

  /** The same of any number of rows. */
  default void multiplyRows(
      int rows,
      int blocks,
      long a,
      long aRow,
      long aStep,
      long b,
      long bStep,
      long bBlock,
      int k,
      long c,
      long cRow,
      Sum sum) {
    int groups = (rows + ROWS - 1) / ROWS;
    for (int group = 0; group < groups; group++) {
      int from = rows * group / groups;
      int count = rows * (group + 1) / groups - from;
      long own = a + aRow * from;
      long to = c + cRow * from;
      multiply(count, blocks, own, aRow, aStep, b, bStep, bBlock, k, to, cRow, sum);
    }
  }

  /**
   * Transposes 16 rows: to[d, r] = from[r, d], 64 bytes from one d to the next.
   *
   * @param size a multiple of 4
   */
  void transpose(long from, long fromRow, int size, long to);
}
