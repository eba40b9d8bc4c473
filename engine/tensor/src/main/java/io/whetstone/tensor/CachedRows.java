package io.whetstone.tensor;

/**
 * What each row of a decode or prefill batch sees in a {@link KvCache}.
 *
 * @param pages for each sequence, its pages in order of position
 * @param sequence for each row, the sequence it belongs to: an index into {@code pages}
 * @param length for each row, how many of its sequence's first positions it sees, itself included
 */
public record CachedRows(int[][] pages, int[] sequence, int[] length) {
  public CachedRows {
    if (sequence.length != length.length) {
      throw new IllegalArgumentException(
          sequence.length + " rows have a sequence, " + length.length + " a length");
    }
  }

  public int rows() {
    return sequence.length;
  }
}
