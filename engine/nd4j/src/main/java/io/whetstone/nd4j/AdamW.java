package io.whetstone.nd4j;

import io.whetstone.tensor.AdamWStep;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.ops.transforms.Transforms;

/** AdamW (Loshchilov & Hutter 2019, algorithm 2, PyTorch's form). */
final class AdamW {
  private AdamW() {}

  /**
   * g = gradientScale · gradient; m ← β₁m + (1−β₁)g; v ← β₂v + (1−β₂)g²; w ← w − rate · (decay · w
   * + (m / (1−β₁ᵗ)) / (√(v / (1−β₂ᵗ)) + ε)).
   */
  static void step(INDArray weight, INDArray gradient, INDArray m, INDArray v, AdamWStep step) {
    INDArray g = gradient.mul(step.gradientScale());
    m.muli(step.beta1()).addi(g.mul(1 - step.beta1()));
    v.muli(step.beta2()).addi(g.mul(g).muli(1 - step.beta2()));
    double first = 1 - Math.pow(step.beta1(), step.step());
    double second = 1 - Math.pow(step.beta2(), step.step());
    INDArray root = Transforms.sqrt(v.div(second)).addi(step.epsilon());
    INDArray update = m.div(first).divi(root).addi(weight.mul(step.weightDecay()));
    weight.subi(update.muli(step.learningRate()));
  }
}
