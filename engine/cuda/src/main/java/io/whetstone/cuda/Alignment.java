package io.whetstone.cuda;

import io.whetstone.tensor.DType;

/**
 * Whether a kernel may move 16 bytes at once. It takes the same elements in the same order when it
 * may not, so bits do not depend on it.
 */
final class Alignment {
  private static final int BYTES = 16;

  private Alignment() {}

  /**
   * 1 where it may, else 0.
   *
   * @param addresses all arrays' addresses, or-ed together
   */
  static int whole(long addresses) {
    return addresses % BYTES == 0 ? 1 : 0;
  }

  /**
   * The same for arrays of rows.
   *
   * @param columns all rows' lengths and distances in elements, or-ed together
   * @param width elements a thread takes, a power of two
   */
  static int whole(long addresses, long columns, int width) {
    return columns % width == 0 ? whole(addresses) : 0;
  }

  /** Elements a thread takes of arrays of these types: 16 bytes of the widest ({@code widthOf}). */
  static int width(DType first, DType second) {
    return first == DType.BF16 && second == DType.BF16 ? 8 : 4;
  }
}
