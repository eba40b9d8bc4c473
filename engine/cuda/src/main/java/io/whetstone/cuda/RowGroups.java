package io.whetstone.cuda;

import java.util.Arrays;

/** Rows grouped by the row they are added to, each group in the order of its rows. */
final class RowGroups {
  /** For each target: its number of rows, later where its list goes on; 0 between calls. */
  private int[] counts = new int[0];

  /**
   * One array, as {@code scatterAdd} reads it: the targets in the order in which they first occur,
   * where their lists begin and the last one ends, then the lists.
   *
   * @param rows for each row its target, in [0, bound)
   */
  int[] of(int[] rows, int bound) {
    if (counts.length < bound) {
      counts = new int[bound];
    }
    int[] found = new int[rows.length];
    int targets = 0;
    for (int row : rows) {
      if (counts[row]++ == 0) {
        found[targets++] = row;
      }
    }
    int[] lists = Arrays.copyOf(found, 2 * targets + 1 + rows.length);
    int begin = 0;
    for (int t = 0; t < targets; t++) {
      lists[targets + t] = begin;
      int count = counts[found[t]];
      counts[found[t]] = begin;
      begin += count;
    }
    lists[2 * targets] = begin;
    for (int r = 0; r < rows.length; r++) {
      lists[2 * targets + 1 + counts[rows[r]]++] = r;
    }
    for (int t = 0; t < targets; t++) {
      counts[found[t]] = 0;
    }
    return lists;
  }

  /** How many targets such an array has. */
  static int targets(int[] lists, int rows) {
    return (lists.length - 1 - rows) / 2;
  }
}
