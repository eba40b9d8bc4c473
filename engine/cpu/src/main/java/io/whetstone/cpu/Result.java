package io.whetstone.cpu;

import io.whetstone.tensor.DType;

/** What becomes of a product's F32 sums. */
enum Result {
  /** They are the result. */
  F32(DType.F32),
  /** They are added to what is there, in F32. */
  F32_ADDED(DType.F32),
  /** They are rounded once, to nearest even. */
  BF16(DType.BF16);

  private final DType dtype;

  Result(DType dtype) {
    this.dtype = dtype;
  }

  DType dtype() {
    return dtype;
  }

  /** Bytes of one element. */
  int bytes() {
    return dtype.bytes();
  }

  static Result of(DType dtype, boolean accumulate) {
    return accumulate ? F32_ADDED : dtype == DType.F32 ? F32 : BF16;
  }
}
