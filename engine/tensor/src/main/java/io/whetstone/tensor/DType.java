package io.whetstone.tensor;

/** The element types a {@link Tensor} can have. */
public enum DType {
  /** IEEE 754 binary32. */
  F32(4),
  /** bfloat16: the upper half of a binary32, rounded to nearest even. */
  BF16(2),
  /** Two's complement 32-bit integer. */
  I32(4);

  private final int bytes;

  DType(int bytes) {
    this.bytes = bytes;
  }

  /** Bytes of one element. */
  public int bytes() {
    return bytes;
  }
}
