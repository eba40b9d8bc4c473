package io.whetstone.tensor;

import java.lang.foreign.MemorySegment;

/**
 * A contiguous row-major array in memory that a backend owns.
 *
 * <p>A tensor is a view: it never frees its memory, the {@link Workspace} it came from does. The
 * memory may be a device's; only the backend that made it may read or write it, everybody else goes
 * through {@link Backend#write} and {@link Backend#readFloats}.
 */
public final class Tensor {
  private final DType dtype;
  private final Shape shape;
  private final MemorySegment memory;

  /**
   * For backends and workspaces.
   *
   * @throws IllegalArgumentException when {@code memory} is not exactly as long as the shape needs
   */
  public Tensor(DType dtype, Shape shape, MemorySegment memory) {
    long bytes = shape.rows() * dtype.bytes(shape.columns());
    if (memory.byteSize() != bytes) {
      throw new IllegalArgumentException(
          "a "
              + dtype
              + " tensor "
              + shape
              + " takes "
              + bytes
              + " bytes, not "
              + memory.byteSize());
    }
    this.dtype = dtype;
    this.shape = shape;
    this.memory = memory;
  }

  public DType dtype() {
    return dtype;
  }

  public Shape shape() {
    return shape;
  }

  public MemorySegment memory() {
    return memory;
  }

  /** Number of elements. */
  public long size() {
    return shape.size();
  }

  /** The innermost extent. */
  public int columns() {
    return shape.columns();
  }

  /** The product of all extents but the innermost. */
  public int rows() {
    return shape.rows();
  }

  /** The rows {@code [from, to)} of this tensor seen as a matrix, on the same memory. */
  public Tensor rows(int from, int to) {
    if (from < 0 || to < from || to > rows()) {
      throw new IndexOutOfBoundsException("rows [" + from + ", " + to + ") of " + this);
    }
    long rowBytes = dtype.bytes(columns());
    return new Tensor(
        dtype,
        Shape.of(to - from, columns()),
        memory.asSlice(from * rowBytes, (to - from) * rowBytes));
  }

  /** The same elements under another shape of the same size. */
  public Tensor reshape(int... extents) {
    return new Tensor(dtype, Shape.of(extents), memory);
  }

  /** Fails unless the tensor has this type and shape: {@code what} names it in the message. */
  public Tensor require(String what, DType expectedType, int... expectedExtents) {
    if (dtype != expectedType || !shape.equals(Shape.of(expectedExtents))) {
      throw new IllegalArgumentException(
          what + ": expected " + expectedType + " " + Shape.of(expectedExtents) + ", got " + this);
    }
    return this;
  }

  @Override
  public String toString() {
    return dtype + " " + shape;
  }
}
