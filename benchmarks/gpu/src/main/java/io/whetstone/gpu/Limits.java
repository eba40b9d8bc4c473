package io.whetstone.gpu;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.whetstone.tensor.Backend;
import io.whetstone.tensor.DType;
import io.whetstone.tensor.Tensor;
import io.whetstone.tensor.Workspace;

/**
 * What a device can do at most, as figures are compared with it.
 *
 * @param bytesPerSecond of its memory
 * @param bf16PerSecond operations of its BF16 products, a multiply-add two
 * @param source where the two are from
 */
record Limits(double bytesPerSecond, double bf16PerSecond, String source) {
  private static final int COPIES = 20;

  /**
   * Of a device that is known by its name, NVIDIA's data sheet (dense), but for an H100's and
   * H200's products: 790 TFLOP/s, what large ones reach there. Of others the bandwidth is measured
   * by copying, and the products have no limit.
   */
  static Limits of(Backend backend) {
    String device = backend.description();
    if (device.contains("H200")) {
      return new Limits(4.8e12, 790e12, "data sheet; 790 TFLOP/s");
    }
    if (device.contains("H100") && !device.contains("PCIe")) {
      return new Limits(3.35e12, 790e12, "data sheet; 790 TFLOP/s");
    }
    if (device.contains("A100")) {
      return new Limits(device.contains("80GB") ? 2.0e12 : 1.555e12, 312e12, "data sheet");
    }
    return new Limits(copied(backend), Double.NaN, "bandwidth measured by copying");
  }

  /** Bytes read and written in a second. */
  private static double copied(Backend backend) {
    int size =
        backend.deviceRoom().filter(room -> room.free() > 8L << 30).isPresent() ? 1 << 28 : 1 << 20;
    try (Workspace workspace = backend.workspace("copying")) {
      Tensor from = workspace.zeros(DType.F32, size);
      Tensor to = workspace.zeros(DType.F32, size);
      double best = 0;
      for (int round = 0; round < 3; round++) {
        backend.allFinite(to.rows(0, 1)); // waits
        long begin = System.nanoTime();
        for (int i = 0; i < COPIES; i++) {
          backend.copy(from, to);
        }
        backend.allFinite(to.reshape(size, 1).rows(0, 1));
        best = Math.max(best, 8.0 * size * COPIES / ((System.nanoTime() - begin) * 1e-9));
      }
      return best;
    }
  }

  void put(ObjectNode figures) {
    figures.put("limit-bytes-per-second", bytesPerSecond);
    if (!Double.isNaN(bf16PerSecond)) {
      figures.put("limit-bf16-operations-per-second", bf16PerSecond);
    }
    figures.put("limits", source);
  }
}
