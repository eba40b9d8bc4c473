package io.whetstone.tensor;

/**
 * Which numbers dropout keeps: counter-based, so that it depends on the row's key and the column
 * and not on what shares the batch, on threads or on who drew before.
 */
public final class Dropout {
  /** Columns that one block of random words serves. */
  public static final int COLUMNS = 4;

  private static final int PURPOSE = 3;

  private Dropout() {}

  /** The words of the columns 4 block … 4 block + 3 of a row. */
  public static int[] words(long rowKey, int block) {
    return Philox.block((int) rowKey, (int) (rowKey >>> 32), block, 0, 0, PURPOSE);
  }

  /** What a word is compared with: it keeps its number where it is not below it, unsigned. */
  public static int threshold(double rate) {
    if (!(rate >= 0 && rate < 1)) {
      throw new IllegalArgumentException("rate: " + rate + " is not in [0, 1)");
    }
    return (int) Math.min(0xFFFFFFFFL, Math.round(rate * 0x1p32));
  }

  /** Whether a row's number at {@code column} stays. */
  public static boolean keeps(long rowKey, int column, double rate) {
    int word = words(rowKey, column / COLUMNS)[column % COLUMNS];
    return Integer.compareUnsigned(word, threshold(rate)) >= 0;
  }

  static void apply(Backend backend, Tensor x, double rate, long[] rowKeys, Tensor y) {
    int columns = x.columns();
    if (x.rows() != rowKeys.length || !x.shape().equals(y.shape()) || x.dtype() != y.dtype()) {
      throw new IllegalArgumentException(
          "x, y: expected " + rowKeys.length + " rows of one shape and type, got " + x + ", " + y);
    }
    int threshold = threshold(rate);
    float factor = (float) (1 / (1 - rate));
    float[] values = backend.readFloats(x);
    for (int r = 0; r < rowKeys.length; r++) {
      for (int c = 0; c < columns; c++) {
        int word = words(rowKeys[r], c / COLUMNS)[c % COLUMNS];
        boolean kept = Integer.compareUnsigned(word, threshold) >= 0;
        values[r * columns + c] = kept ? values[r * columns + c] * factor : 0;
      }
    }
    backend.write(y, values);
  }
}
