package io.whetstone.cuda;

import io.whetstone.tensor.DType;

/** One kernel for F32 numbers and one for BF16's. */
record TypedKernel(Kernel f32, Kernel bf16) {
  /** The kernels {@code nameF32} and {@code nameBf16} of a file. */
  static TypedKernel of(Gpu gpu, String file, String name) {
    return new TypedKernel(gpu.kernel(file, name + "F32"), gpu.kernel(file, name + "Bf16"));
  }

  Kernel of(DType type) {
    return type == DType.BF16 ? bf16 : f32;
  }
}
