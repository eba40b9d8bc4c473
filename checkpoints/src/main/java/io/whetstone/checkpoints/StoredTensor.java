package io.whetstone.checkpoints;

import java.util.List;
import java.util.stream.Collectors;

/**
 * Where a tensor lies in a safetensors file.
 *
 * @param shape extents, outermost first; empty for a single number
 * @param begin first byte, counted from the end of the header
 * @param end one past the last byte
 */
public record StoredTensor(String name, StoredType type, List<Long> shape, long begin, long end) {
  /** Number of elements. */
  public long size() {
    return shape.stream().reduce(1L, Math::multiplyExact);
  }

  /** True when the extents are these. */
  public boolean hasShape(List<Integer> extents) {
    return shape.equals(extents.stream().map(Integer::longValue).toList());
  }

  @Override
  public String toString() {
    return type + shape.stream().map(String::valueOf).collect(Collectors.joining(" × ", " [", "]"));
  }
}
