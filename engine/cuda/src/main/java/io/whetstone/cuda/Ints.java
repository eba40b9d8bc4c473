package io.whetstone.cuda;

import java.util.Arrays;

/** Ints that are added one after another, as kernels read them. */
final class Ints {
  private int[] values = new int[256];
  private int size;

  /** Forgets all of them. */
  void clear() {
    size = 0;
  }

  void add(int value) {
    room(1);
    values[size++] = value;
  }

  void add(int... more) {
    room(more.length);
    System.arraycopy(more, 0, values, size, more.length);
    size += more.length;
  }

  private void room(int more) {
    if (size + more > values.length) {
      values = Arrays.copyOf(values, Math.max(2 * values.length, size + more));
    }
  }

  int size() {
    return size;
  }

  int get(int index) {
    return values[index];
  }

  void set(int index, int value) {
    values[index] = value;
  }

  /** All of them and more; the first {@link #size} count. */
  int[] array() {
    return values;
  }
}
