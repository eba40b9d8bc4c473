package io.whetstone.cuda;

import io.whetstone.tensor.DType;
import io.whetstone.tensor.Tensor;

/** Kernels that take every element by itself; formulas are with {@code Backend}. */
final class Elementwise {
  private static final String FILE = "elementwise.cu";

  /** Elements a thread takes at once. */
  private static final int WIDTH = 4;

  private final Gpu gpu;
  private final Kernel round;
  private final Kernel widen;
  private final Kernel add;
  private final Kernel scale;
  private final Kernel softCap;

  Elementwise(Gpu gpu) {
    this.gpu = gpu;
    round = gpu.kernel(FILE, "roundToBf16");
    widen = gpu.kernel(FILE, "widenToF32");
    add = gpu.kernel(FILE, "add");
    scale = gpu.kernel(FILE, "scale");
    softCap = gpu.kernel(FILE, "softCap");
  }

  void copy(Tensor from, Tensor to) {
    if (from.dtype() == to.dtype()) {
      gpu.queue()
          .copy(DeviceMemory.address(from), DeviceMemory.address(to), from.memory().byteSize());
    } else {
      Kernel kernel = to.dtype() == DType.BF16 ? round : widen;
      launch(kernel.begin().tensor(from).tensor(to), from.size(), from, to);
    }
  }

  /** Every element of F32, BF16 or I32. */
  void fill(Tensor x, float value) {
    long address = DeviceMemory.address(x);
    switch (x.dtype()) {
      case F32 -> gpu.queue().fill(address, Float.floatToRawIntBits(value), x.size());
      case BF16 -> gpu.queue().fill(address, Bfloat16.round(value), x.size());
      case I32 -> gpu.queue().fill(address, (int) value, x.size());
      case Q8_0, Q4_K, Q6_K, DYNAMIC, UDYNAMIC ->
          throw new IllegalArgumentException("x: a quantised tensor is not filled: " + x);
    }
  }

  void add(Tensor x, Tensor y) {
    launch(add.begin().tensor(x).tensor(y), x.size(), x, y);
  }

  void scale(Tensor x, float factor) {
    launch(scale.begin().tensor(x).number(factor), x.size(), x, x);
  }

  void softCap(Tensor x, float cap) {
    launch(softCap.begin().tensor(x).number(cap).number(1 / cap), x.size(), x, x);
  }

  private void launch(Kernel kernel, long size, Tensor first, Tensor second) {
    int whole = Alignment.whole(DeviceMemory.address(first) | DeviceMemory.address(second));
    kernel
        .longInteger(size)
        .integer(whole)
        .launch(FlatGrid.blocks(gpu, size, WIDTH), FlatGrid.THREADS);
  }
}
