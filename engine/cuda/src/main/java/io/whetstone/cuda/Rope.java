package io.whetstone.cuda;

import io.whetstone.tensor.Heads;
import io.whetstone.tensor.Tensor;

/** Rotary position embedding, half-split; formulas are with {@code Backend.rope}. */
final class Rope {
  private final Gpu gpu;
  private final TypedKernel rope;

  Rope(Gpu gpu) {
    this.gpu = gpu;
    rope = TypedKernel.of(gpu, "rope.cu", "rope");
  }

  void rope(Tensor fused, Heads heads, int[] positions, Tensor table, boolean inverse) {
    int half = heads.size() / 2;
    int rotated = heads.queries() + heads.keyValues();
    int width = Alignment.width(fused.dtype(), fused.dtype());
    long addresses = DeviceMemory.address(fused) | DeviceMemory.address(table);
    Kernel kernel =
        rope.of(fused.dtype())
            .begin()
            .tensor(fused)
            .integer(positions.length)
            .integer(heads.fusedColumns())
            .integer(rotated)
            .integer(heads.size())
            .pointer(gpu.control().ints(positions))
            .tensor(table)
            .number(inverse ? -1 : 1)
            .integer(Alignment.whole(addresses, half, width));
    int vectors = rotated * Math.ceilDiv(half, width);
    RowGrid.of(positions.length, vectors, 1).launch(kernel);
  }
}
