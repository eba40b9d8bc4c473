package io.whetstone.cuda;

/**
 * Rows grouped by the row they are added to, each group in the order of its rows, as {@code
 * scatterAdd} reads them: the targets in the order in which they first occur, where their lists
 * begin and the last one ends, then the lists.
 */
final class RowGroups {
  /** For each target: its number of rows, later where its list goes on; 0 between calls. */
  private int[] counts = new int[0];

  private int[] numbers = new int[0];
  private int targets;

  /**
   * @param rows for each row its target, in [0, bound)
   */
  void group(int[] rows, int bound) {
    if (counts.length < bound) {
      counts = new int[bound];
    }
    if (numbers.length < 3 * rows.length + 1) {
      numbers = new int[3 * rows.length + 1];
    }
    targets = 0;
    for (int row : rows) {
      if (counts[row]++ == 0) {
        numbers[targets++] = row;
      }
    }
    int begin = 0;
    for (int t = 0; t < targets; t++) {
      int count = counts[numbers[t]];
      counts[numbers[t]] = begin;
      numbers[targets + t] = begin;
      begin += count;
    }
    numbers[2 * targets] = begin;
    int lists = 2 * targets + 1;
    for (int r = 0; r < rows.length; r++) {
      numbers[lists + counts[rows[r]]++] = r;
    }
    for (int t = 0; t < targets; t++) {
      counts[numbers[t]] = 0;
    }
  }

  /** Targets, lists' beginnings and lists; {@link #length} of them count. */
  int[] numbers() {
    return numbers;
  }

  int targets() {
    return targets;
  }

  int length() {
    return 2 * targets + 1 + numbers[2 * targets];
  }
}
