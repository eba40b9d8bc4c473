package io.whetstone.cpu;

/** {@link PairRows} of F32 numbers: a step is one element, and a block's rows are elements. */
final class FloatRows implements PairRows {
  private static final int VECTORS = 2;
  private static final long WIDTH = 4L * FloatTiles.COLUMNS;

  private final FloatTiles tiles;

  FloatRows(FloatTiles tiles) {
    this.tiles = tiles;
  }

  @Override
  public int most() {
    return FloatTiles.ROWS;
  }

  @Override
  public int factorBytes() {
    return Float.BYTES;
  }

  @Override
  public void part(
      int rows,
      long x,
      long xRow,
      long block,
      int steps,
      long sums,
      boolean begins,
      boolean ahead) {
    FloatTiles.Sum sum = begins ? FloatTiles.Sum.NEW : FloatTiles.Sum.CONTINUED;
    for (long column = 0; column < SUMS_ROW; column += VECTORS * WIDTH) {
      long first = block + column;
      long own = sums + column;
      tiles.multiply(rows, VECTORS, x, xRow, 4, first, SUMS_ROW, WIDTH, steps, own, SUMS_ROW, sum);
    }
  }
}
