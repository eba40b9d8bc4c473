package io.whetstone.tensor;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/**
 * The extents of a tensor, outermost first; row-major and contiguous, so nothing else is needed.
 *
 * @param extents at least one extent, each ≥ 0
 */
public record Shape(List<Integer> extents) {
  public Shape {
    extents = List.copyOf(extents);
    boolean legal = !extents.isEmpty();
    for (int i = 0; i < extents.size(); i++) {
      legal &= extents.get(i) >= 0;
    }
    if (!legal) {
      throw new IllegalArgumentException("a shape needs extents ≥ 0, got " + extents);
    }
  }

  public static Shape of(int... extents) {
    Integer[] boxed = new Integer[extents.length];
    Arrays.setAll(boxed, i -> extents[i]);
    return new Shape(List.of(boxed));
  }

  /** Number of elements. */
  public long size() {
    long size = 1;
    for (int i = 0; i < extents.size(); i++) {
      size *= extents.get(i);
    }
    return size;
  }

  /** The innermost extent. */
  public int columns() {
    return extents.getLast();
  }

  /** The product of all extents but the innermost. */
  public int rows() {
    long rows = 1;
    for (int i = 0; i < extents.size() - 1; i++) {
      rows *= extents.get(i);
    }
    return Math.toIntExact(rows);
  }

  @Override
  public String toString() {
    return extents.stream().map(String::valueOf).collect(Collectors.joining(" × ", "[", "]"));
  }
}
