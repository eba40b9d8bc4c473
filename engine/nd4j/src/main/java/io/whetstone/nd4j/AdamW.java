package io.whetstone.nd4j;

import io.whetstone.tensor.AdamWStep;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.INDArrayIndex;
import org.nd4j.linalg.indexing.NDArrayIndex;
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

  /** The same, of moments that were decoded from blocks: the last one goes on with zeros. */
  static void step(INDArray weight, INDArray gradient, float[] m, float[] v, AdamWStep step) {
    INDArray first = Nd4j.createFromArray(m);
    INDArray second = Nd4j.createFromArray(v);
    INDArrayIndex numbers = NDArrayIndex.interval(0, weight.length());
    step(weight, gradient, first.get(numbers), second.get(numbers), step);
    copy(first, m);
    copy(second, v);
  }

  private static void copy(INDArray from, float[] to) {
    System.arraycopy(from.dup().data().asFloat(), 0, to, 0, to.length);
  }
}
