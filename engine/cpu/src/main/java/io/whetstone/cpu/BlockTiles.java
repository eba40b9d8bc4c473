package io.whetstone.cpu;

import io.whetstone.tensor.DType;

/**
 * Decodes 16 rows of a quantised weight turned, so that outputs lie beside each other: what {@link
 * PairRows} multiply.
 *
 * <p>The numbers have the bits of {@link BlockRows}.
 */
interface BlockTiles {
  /** Rows of a weight that are decoded at once. */
  int ROWS = 16;

  /** From a step of k to the next: there is room for 64 outputs. */
  long STEP = PairRows.SUMS_ROW;

  /** The fastest there is on this machine. */
  static BlockTiles forThisMachine() {
    return BlockCode.forThisMachine().map(code -> (BlockTiles) code).orElseGet(BlockVectors::new);
  }

  /** Rows of x for which this pays; with more it is better to decode and pack the weight. */
  int mostRows();

  /** Elements of k in a step: BF16 numbers come in pairs, as in a {@link PairMatrix}. */
  static int elements(DType compute) {
    return compute == DType.BF16 ? 2 : 1;
  }

  /**
   * Decodes; to[step, row] are numbers of 32 bits.
   *
   * @param from the first block of the first row
   * @param row bytes from a row to the next
   * @param count elements of each row, whole blocks
   * @param to where the first row's numbers go, {@link #STEP} bytes from a step to the next
   * @param ahead what is to be fetched meanwhile, as many bytes as are decoded; it need not exist
   */
  void decode(DType type, DType compute, long from, long row, int count, long to, long ahead);

  /** Whether {@link #multiply} is there for a type. */
  default boolean multiplies(DType type) {
    return false;
  }

  /**
   * Decodes and multiplies with one row of x: sums[row] = Σ_k x[k] w[row, k], the chain that {@link
   * PairRows#part} makes of what {@link #decode} gives.
   *
   * @param x of the compute type
   * @param sums of 16 rows, F32
   */
  default void multiply(
      DType type, DType compute, long from, long row, int count, long x, long sums, long ahead) {
    throw new UnsupportedOperationException("decodes only");
  }

  /** Asks for bytes that are used next, without waiting for them. */
  default void fetch(long from, long bytes) {}
}
