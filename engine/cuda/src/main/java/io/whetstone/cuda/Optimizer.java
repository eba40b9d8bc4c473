package io.whetstone.cuda;

import io.whetstone.tensor.AdamWStep;
import io.whetstone.tensor.Tensor;

/** The optimizer's step; what does not depend on the element is computed here, in double. */
final class Optimizer {
  private final Gpu gpu;
  private final Kernel adamW;

  Optimizer(Gpu gpu) {
    this.gpu = gpu;
    adamW = gpu.kernel("optimizer.cu", "adamW");
  }

  void adamW(Tensor weight, Tensor gradient, Tensor m, Tensor v, AdamWStep step) {
    long addresses =
        DeviceMemory.address(weight)
            | DeviceMemory.address(gradient)
            | DeviceMemory.address(m)
            | DeviceMemory.address(v);
    adamW
        .begin()
        .tensor(weight)
        .tensor(gradient)
        .tensor(m)
        .tensor(v)
        .longInteger(weight.size())
        .integer(Alignment.whole(addresses))
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
        .launch(FlatGrid.blocks(gpu, weight.size(), 4), FlatGrid.THREADS);
  }
}
