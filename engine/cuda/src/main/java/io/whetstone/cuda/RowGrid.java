package io.whetstone.cuda;

/**
 * How rows are spread over blocks of threads, as {@code vectors.h} reads it: 2^shift threads stand
 * along a row, a block's others take the rows below.
 *
 * @param shift the logarithm of the threads along a row
 * @param rowBlocks blocks one above the other
 * @param columnBlocks blocks along a row
 */
record RowGrid(int shift, int rowBlocks, int columnBlocks) {
  static final int THREADS = 256;
  private static final int MOST_SHIFT = Integer.numberOfTrailingZeros(THREADS);

  /**
   * A thread for every vector.
   *
   * @param columns elements of a row, of which a thread takes {@code width}
   */
  static RowGrid of(int rows, int columns, int width) {
    int vectors = Math.ceilDiv(columns, width);
    int shift = 0;
    while (shift < MOST_SHIFT && 1 << shift < vectors) {
      shift++;
    }
    return new RowGrid(
        shift, Math.ceilDiv(rows, THREADS >> shift), Math.ceilDiv(vectors, 1 << shift));
  }

  /** Gives a kernel its last argument, the shift, and launches it. */
  void launch(Kernel kernel) {
    kernel.integer(shift).launch(rowBlocks, columnBlocks, THREADS, 0);
  }
}
