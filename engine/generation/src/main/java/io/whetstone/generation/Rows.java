package io.whetstone.generation;

import io.whetstone.tensor.CachedRows;
import java.util.Arrays;

/** The rows of a forward pass, gathered one by one. */
final class Rows {
  private final int pageSize;
  private final int[] ids;
  private final int[] positions;
  private final int[] slots;
  private final int[][] pages;
  private final int[] sequence;
  private final int[] length;
  private int count;

  Rows(int rows, int sequences, int pageSize) {
    this.pageSize = pageSize;
    ids = new int[rows];
    positions = new int[rows];
    slots = new int[rows];
    pages = new int[sequences][];
    sequence = new int[rows];
    length = new int[rows];
  }

  void sequence(int index, int[] itsPages) {
    pages[index] = itsPages;
  }

  void add(int id, int position, int index) {
    ids[count] = id;
    positions[count] = position;
    slots[count] = pages[index][position / pageSize] * pageSize + position % pageSize;
    sequence[count] = index;
    length[count++] = position + 1;
  }

  int count() {
    return count;
  }

  int[] ids(int start, int end) {
    return Arrays.copyOfRange(ids, start, end);
  }

  int[] positions(int start, int end) {
    return Arrays.copyOfRange(positions, start, end);
  }

  int[] slots(int start, int end) {
    return Arrays.copyOfRange(slots, start, end);
  }

  CachedRows cached(int start, int end) {
    return new CachedRows(
        pages, Arrays.copyOfRange(sequence, start, end), Arrays.copyOfRange(length, start, end));
  }
}
