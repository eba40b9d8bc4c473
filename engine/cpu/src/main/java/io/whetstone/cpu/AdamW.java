package io.whetstone.cpu;

import static io.whetstone.cpu.Memory.LANES;
import static io.whetstone.cpu.Memory.SPECIES;

import io.whetstone.tensor.AdamWStep;
import io.whetstone.tensor.DType;
import io.whetstone.tensor.Tensor;
import io.whetstone.tensor.quantized.DynamicMap;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/** The optimizer's step; what does not depend on the element is computed in double. */
final class AdamW {
  private static final int BLOCK = DType.DYNAMIC.blockElements();
  private static final int BLOCK_BYTES = DType.DYNAMIC.blockBytes();

  /** How much longer an element takes whose moments are coded, about. */
  private static final int CODING_COST = 4;

  private final Workers workers;
  private final ThreadLocal<Scratch> scratch = ThreadLocal.withInitial(Scratch::new);

  AdamW(Workers workers) {
    this.workers = workers;
  }

  void adamW(Tensor weight, Tensor gradient, Tensor m, Tensor v, AdamWStep step) {
    Update update = Update.of(step);
    int size = Math.toIntExact(weight.size());
    long w = Memory.address(weight);
    long g = Memory.address(gradient);
    long first = Memory.address(m);
    long second = Memory.address(v);
    if (m.dtype() == DType.F32) {
      Ranges.run(
          workers,
          size,
          4,
          LANES,
          (from, to) -> {
            long at = 4L * from;
            update.apply(w + at, g + at, first + at, second + at, to - from);
          });
    } else {
      Ranges.run(
          workers,
          Math.ceilDiv(size, BLOCK),
          BLOCK * CODING_COST,
          1,
          (from, to) -> {
            for (int b = from; b < to; b++) {
              long at = 4L * BLOCK * b;
              long in = (long) BLOCK_BYTES * b;
              int count = Math.min(BLOCK, size - BLOCK * b);
              block(update, w + at, g + at, first + in, second + in, count);
            }
          });
    }
  }

  private void block(Update update, long w, long g, long first, long second, int count) {
    long m = scratch.get().reserve(8L * BLOCK);
    long v = m + 4L * BLOCK;
    DynamicBlocks.decode(DynamicMap.SIGNED, first, m);
    DynamicBlocks.decode(DynamicMap.UNSIGNED, second, v);
    update.apply(w, g, m, v, count);
    DynamicBlocks.encode(DynamicMap.SIGNED, m, first);
    DynamicBlocks.encode(DynamicMap.UNSIGNED, v, second);
  }

  /** A step's numbers as floats. */
  private record Update(
      float gradientScale,
      float beta1,
      float beta2,
      float rest1,
      float rest2,
      float unbias1,
      float unbias2,
      float epsilon,
      float rate,
      float kept) {
    static Update of(AdamWStep step) {
      return new Update(
          (float) step.gradientScale(),
          (float) step.beta1(),
          (float) step.beta2(),
          (float) (1 - step.beta1()),
          (float) (1 - step.beta2()),
          (float) (1 / (1 - StrictMath.pow(step.beta1(), step.step()))),
          (float) (1 / (1 - StrictMath.pow(step.beta2(), step.step()))),
          (float) step.epsilon(),
          (float) step.learningRate(),
          (float) (1 - step.learningRate() * step.weightDecay()));
    }

    /** Of {@code count} F32 numbers at each address. */
    void apply(long w, long g, long first, long second, int count) {
      for (int i = 0; i < count; i += LANES) {
        VectorMask<Float> mask = SPECIES.indexInRange(i, count);
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
    }
  }
}
