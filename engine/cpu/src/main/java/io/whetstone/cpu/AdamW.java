package io.whetstone.cpu;

import static io.whetstone.cpu.Memory.LANES;
import static io.whetstone.cpu.Memory.SPECIES;

import io.whetstone.tensor.AdamWStep;
import io.whetstone.tensor.Tensor;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/** The optimizer's step; what does not depend on the element is computed in double. */
final class AdamW {
  private final Workers workers;

  AdamW(Workers workers) {
    this.workers = workers;
  }

  void adamW(Tensor weight, Tensor gradient, Tensor m, Tensor v, AdamWStep step) {
    float gradientScale = (float) step.gradientScale();
    float beta1 = (float) step.beta1();
    float beta2 = (float) step.beta2();
    float rest1 = (float) (1 - step.beta1());
    float rest2 = (float) (1 - step.beta2());
    float unbias1 = (float) (1 / (1 - StrictMath.pow(step.beta1(), step.step())));
    float unbias2 = (float) (1 / (1 - StrictMath.pow(step.beta2(), step.step())));
    float epsilon = (float) step.epsilon();
    float rate = (float) step.learningRate();
    float kept = (float) (1 - step.learningRate() * step.weightDecay());
    long w = Memory.address(weight);
    long g = Memory.address(gradient);
    long first = Memory.address(m);
    long second = Memory.address(v);
    Ranges.run(
        workers,
        Math.toIntExact(weight.size()),
        4,
        LANES,
        (from, to) -> {
          for (int i = from; i < to; i += LANES) {
            VectorMask<Float> mask = SPECIES.indexInRange(i, to);
            long at = 4L * i;
            FloatVector gs = Memory.load(g + at, mask).mul(gradientScale);
            FloatVector ms = Memory.load(first + at, mask).mul(beta1).add(gs.mul(rest1));
            FloatVector vs = Memory.load(second + at, mask).mul(beta2).add(gs.mul(gs).mul(rest2));
            FloatVector root = vs.mul(unbias2).lanewise(VectorOperators.SQRT).add(epsilon);
            FloatVector update = ms.mul(unbias1).div(root).mul(rate);
            Memory.store(ms, first + at, mask);
            Memory.store(vs, second + at, mask);
            Memory.store(Memory.load(w + at, mask).mul(kept).sub(update), w + at, mask);
          }
        });
  }
}
