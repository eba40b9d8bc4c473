package io.whetstone.cuda;

import io.whetstone.tensor.AdamWStep;
import io.whetstone.tensor.DType;
import io.whetstone.tensor.Tensor;
import io.whetstone.tensor.quantized.DynamicMap;
import java.nio.FloatBuffer;

/** The optimizer's step; what does not depend on the element is computed here, in double. */
final class Optimizer {
  private static final String FILE = "optimizer.cu";

  /** Elements a thread takes at once. */
  private static final int WIDTH = 4;

  private static final int WIDTH_IN_BLOCKS = 8;

  private final Gpu gpu;
  private final Kernel adamW;
  private final Kernel adamWInBlocks;
  private final float[] maps;

  Optimizer(Gpu gpu) {
    this.gpu = gpu;
    adamW = gpu.kernel(FILE, "adamW");
    adamWInBlocks = gpu.kernel(FILE, "adamWInBlocks");
    maps = maps(DynamicMap.SIGNED, DynamicMap.UNSIGNED);
  }

  /** The values of both, then their thresholds. */
  private static float[] maps(DynamicMap m, DynamicMap v) {
    FloatBuffer maps = FloatBuffer.allocate(4 * DType.DYNAMIC.blockElements());
    maps.put(m.values()).put(v.values()).put(m.thresholds()).put(v.thresholds());
    return maps.array();
  }

  void adamW(Tensor weight, Tensor gradient, Tensor m, Tensor v, AdamWStep step) {
    if (m.dtype() == DType.F32) {
      long moments = DeviceMemory.address(m) | DeviceMemory.address(v);
      Kernel kernel = adamW.begin().tensor(weight).tensor(gradient).tensor(m).tensor(v);
      launch(kernel, weight, gradient, moments, step, WIDTH);
    } else if (weight.size() > 0) {
      Kernel kernel = adamWInBlocks.begin().tensor(weight).tensor(gradient).tensor(m).tensor(v);
      kernel.pointer(gpu.control().floats(maps));
      launch(kernel, weight, gradient, 0, step, WIDTH_IN_BLOCKS);
    }
  }

  /**
   * @param others addresses that must be aligned, too, for 16 bytes to be moved at once
   */
  private void launch(
      Kernel kernel, Tensor weight, Tensor gradient, long others, AdamWStep step, int width) {
    kernel
        .longInteger(weight.size())
        .integer(
            Alignment.whole(DeviceMemory.address(weight) | DeviceMemory.address(gradient) | others))
        .number((float) step.gradientScale())
        .number((float) step.beta1())
        .number((float) step.beta2())
        .number((float) (1 - step.beta1()))
        .number((float) (1 - step.beta2()))
        .number((float) (1 / (1 - StrictMath.pow(step.beta1(), step.step()))))
        .number((float) (1 / (1 - StrictMath.pow(step.beta2(), step.step()))))
        .number((float) step.epsilon())
        .number((float) step.learningRate())
        .number((float) (1 - step.learningRate() * step.weightDecay()))
        .launch(FlatGrid.blocks(gpu, weight.size(), width), FlatGrid.THREADS);
  }
}
