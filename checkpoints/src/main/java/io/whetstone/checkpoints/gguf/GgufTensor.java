package io.whetstone.checkpoints.gguf;

import java.util.List;
import java.util.stream.Collectors;

/**
 * Where a tensor lies in a GGUF file.
 *
 * @param shape extents, outermost first: the reverse of the file's order
 * @param offset of its first byte, counted from the start of the data
 */
public record GgufTensor(String name, GgufType type, List<Long> shape, long offset) {
  /** Number of elements. */
  public long size() {
    return shape.stream().reduce(1L, Math::multiplyExact);
  }

  /** Bytes it takes. */
  public long bytes() {
    return type.bytes(size());
  }

  @Override
  public String toString() {
    return type + shape.stream().map(String::valueOf).collect(Collectors.joining(" × ", " [", "]"));
  }
}
