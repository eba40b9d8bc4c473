package io.whetstone.cuda;

import io.whetstone.tensor.Gate;
import io.whetstone.tensor.Tensor;

/** Gated feed-forward activations; formulas are with {@code Backend.gated}. */
final class Gates {
  private static final String FILE = "gates.cu";

  private final TypedKernel silu;
  private final TypedKernel geluTanh;
  private final TypedKernel siluBackward;
  private final TypedKernel geluTanhBackward;

  Gates(Gpu gpu) {
    silu = TypedKernel.of(gpu, FILE, "silu");
    geluTanh = TypedKernel.of(gpu, FILE, "geluTanh");
    siluBackward = TypedKernel.of(gpu, FILE, "siluBackward");
    geluTanhBackward = TypedKernel.of(gpu, FILE, "geluTanhBackward");
  }

  void gated(Gate gate, Tensor x, Tensor y) {
    int n = y.columns();
    int width = Alignment.width(y.dtype(), y.dtype());
    long addresses = DeviceMemory.address(x) | DeviceMemory.address(y);
    Kernel kernel =
        forward(gate)
            .of(y.dtype())
            .begin()
            .tensor(x)
            .tensor(y)
            .integer(y.rows())
            .integer(n)
            .integer(Alignment.whole(addresses, n, width));
    RowGrid.of(y.rows(), n, width).launch(kernel);
  }

  void gatedBackward(Gate gate, Tensor dy, Tensor x, Tensor dx) {
    int n = dy.columns();
    int width = Alignment.width(dy.dtype(), dy.dtype());
    long addresses = DeviceMemory.address(dy) | DeviceMemory.address(x) | DeviceMemory.address(dx);
    Kernel kernel =
        backward(gate)
            .of(dy.dtype())
            .begin()
            .tensor(dy)
            .tensor(x)
            .tensor(dx)
            .integer(dy.rows())
            .integer(n)
            .integer(Alignment.whole(addresses, n, width));
    RowGrid.of(dy.rows(), n, width).launch(kernel);
  }

  private TypedKernel forward(Gate gate) {
    return switch (gate) {
      case SILU -> silu;
      case GELU_TANH -> geluTanh;
    };
  }

  private TypedKernel backward(Gate gate) {
    return switch (gate) {
      case SILU -> siluBackward;
      case GELU_TANH -> geluTanhBackward;
    };
  }
}
