package io.whetstone.nd4j;

import static io.whetstone.tensor.DType.F32;

import io.whetstone.tensor.DType;
import io.whetstone.tensor.Tensor;

/** What a kernel's operands must be; {@code what} names the operand in the message. */
final class Operands {
  private Operands() {}

  static void type(String what, Tensor tensor, DType expected) {
    if (tensor.dtype() != expected) {
      throw new IllegalArgumentException(what + ": expected " + expected + ", got " + tensor);
    }
  }

  /** F32 with these extents, leading ones multiplied together. */
  static void matrix(String what, Tensor tensor, int rows, int columns) {
    if (tensor.dtype() != F32 || tensor.columns() != columns || tensor.rows() != rows) {
      throw new IllegalArgumentException(
          what + ": expected F32 [" + rows + " × " + columns + "], got " + tensor);
    }
  }

  static void vector(String what, Tensor tensor, int size) {
    if (tensor.dtype() != F32 || tensor.size() != size) {
      throw new IllegalArgumentException(what + ": expected F32 [" + size + "], got " + tensor);
    }
  }

  /** A norm's weight: one number for each of a head's columns, or for those of all heads. */
  static void headWeight(String what, Tensor tensor, int heads, int size) {
    boolean fits = tensor.rows() == 1 && (tensor.size() == size || tensor.size() == heads * size);
    if (tensor.dtype() != F32 || !fits) {
      throw new IllegalArgumentException(
          what + ": expected F32 [" + size + "] or [" + heads * size + "], got " + tensor);
    }
  }

  static void sameSize(String what, Tensor tensor, long size) {
    if (tensor.size() != size) {
      throw new IllegalArgumentException(what + ": expected " + size + " elements, got " + tensor);
    }
  }

  static void count(String what, int got, int expected) {
    if (got != expected) {
      throw new IllegalArgumentException(what + ": expected " + expected + " numbers, got " + got);
    }
  }

  static void indices(String what, int[] indices, int bound) {
    for (int index : indices) {
      if (index < 0 || index >= bound) {
        throw new IllegalArgumentException(what + ": " + index + " is not in [0, " + bound + ")");
      }
    }
  }

  static void positive(String what, float value) {
    if (!(value > 0)) {
      throw new IllegalArgumentException(what + ": " + value + " is not > 0");
    }
  }
}
