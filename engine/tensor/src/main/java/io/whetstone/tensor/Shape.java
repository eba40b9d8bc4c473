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
    if (extents.isEmpty() || extents.stream().anyMatch(e -> e < 0)) {
      throw new IllegalArgumentException("a shape needs extents ≥ 0, got " + extents);
    }
  }

  public static Shape of(int... extents) {
    return new Shape(Arrays.stream(extents).boxed().toList());
  }

  /** Number of elements. */
  public long size() {
    long size = 1;
    for (int extent : extents) {
      size *= extent;
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
    for (int extent : extents.subList(0, extents.size() - 1)) {
      rows *= extent;
    }
    return Math.toIntExact(rows);
  }

  @Override
  public String toString() {
    return extents.stream().map(String::valueOf).collect(Collectors.joining(" × ", "[", "]"));
  }
}
