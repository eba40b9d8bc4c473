package io.whetstone.tensor;

import static io.whetstone.tensor.DType.BF16;
import static io.whetstone.tensor.DType.F32;

/**
 * What a kernel's operands must be; {@link CheckedBackend} asks before a backend computes.
 *
 * <p>{@code what} names the operand in the message of the IllegalArgumentException.
 */
public final class Operands {
  private Operands() {}

  public static void type(String what, Tensor tensor, DType expected) {
    if (tensor.dtype() != expected) {
      throw new IllegalArgumentException(what + ": expected " + expected + ", got " + tensor);
    }
  }

  public static void floats(String what, Tensor tensor) {
    if (tensor.dtype() != F32 && tensor.dtype() != BF16) {
      throw new IllegalArgumentException(what + ": expected F32 or BF16, got " + tensor);
    }
  }

  /** F32, BF16 or quantised. */
  public static void numbers(String what, Tensor tensor) {
    if (!tensor.dtype().quantized()) {
      floats(what, tensor);
    }
  }

  /** As many rows, and columns that lie within those of {@code whole} from {@code from} on. */
  public static void block(String what, Tensor block, String ofWhat, Tensor whole, int from) {
    if (block.rows() != whole.rows()
        || from < 0
        || from + (long) block.columns() > whole.columns()) {
      throw new IllegalArgumentException(
          what + ": " + block + " at column " + from + " does not lie in " + ofWhat + ", " + whole);
    }
  }

  /** F32 with these extents, leading ones multiplied together. */
  public static void matrix(String what, Tensor tensor, int rows, int columns) {
    matrix(what, tensor, F32, rows, columns);
  }

  /** Of this type, with these extents. */
  public static void matrix(String what, Tensor tensor, DType type, int rows, int columns) {
    if (tensor.dtype() != type || tensor.columns() != columns || tensor.rows() != rows) {
      throw new IllegalArgumentException(
          what + ": expected " + type + " [" + rows + " × " + columns + "], got " + tensor);
    }
  }

  /** F32, or the operands' type unless it is added to. */
  public static void result(
      String what, Tensor tensor, DType operands, int rows, int columns, boolean accumulate) {
    matrix(what, tensor, accumulate || tensor.dtype() == F32 ? F32 : operands, rows, columns);
  }

  public static void vector(String what, Tensor tensor, int size) {
    if (tensor.dtype() != F32 || tensor.size() != size) {
      throw new IllegalArgumentException(what + ": expected F32 [" + size + "], got " + tensor);
    }
  }

  /** A norm's weight: one number for each of a head's columns, or for those of all heads. */
  public static void headWeight(String what, Tensor tensor, int heads, int size) {
    boolean fits = tensor.rows() == 1 && (tensor.size() == size || tensor.size() == heads * size);
    if (tensor.dtype() != F32 || !fits) {
      throw new IllegalArgumentException(
          what + ": expected F32 [" + size + "] or [" + heads * size + "], got " + tensor);
    }
  }

  public static void sameSize(String what, Tensor tensor, long size) {
    if (tensor.size() != size) {
      throw new IllegalArgumentException(what + ": expected " + size + " elements, got " + tensor);
    }
  }

  public static void count(String what, int got, int expected) {
    if (got != expected) {
      throw new IllegalArgumentException(what + ": expected " + expected + " numbers, got " + got);
    }
  }

  public static void indices(String what, int[] indices, int bound) {
    for (int index : indices) {
      index(what, index, bound);
    }
  }

  public static void index(String what, int index, int bound) {
    if (index < 0 || index >= bound) {
      throw new IllegalArgumentException(what + ": " + index + " is not in [0, " + bound + ")");
    }
  }

  public static void positive(String what, float value) {
    if (!(value > 0)) {
      throw new IllegalArgumentException(what + ": " + value + " is not > 0");
    }
  }
}
