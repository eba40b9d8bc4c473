package io.whetstone.cpu;

import static io.whetstone.cpu.Memory.LANES;
import static io.whetstone.cpu.Memory.SPECIES;

import io.whetstone.tensor.DType;
import io.whetstone.tensor.quantized.BlockCodec;
import io.whetstone.tensor.quantized.DynamicMap;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Blocks of an optimizer's moments as F32 numbers and back, with the bits of {@link BlockCodec}.
 */
final class DynamicBlocks {
  private static final int ELEMENTS = DType.DYNAMIC.blockElements();

  private DynamicBlocks() {}

  static void decode(DynamicMap map, long block, long to) {
    float scale = Memory.get(block);
    for (int i = 0; i < ELEMENTS; i++) {
      int code = Memory.ALL.get(ValueLayout.JAVA_BYTE, block + Float.BYTES + i) & 0xff;
      Memory.set(to + 4L * i, map.value(code) * scale);
    }
  }

  /** Leaves the numbers divided by their largest. */
  static void encode(DynamicMap map, long from, long block) {
    float scale = largest(from);
    float divisor = scale == 0 ? 1 : scale;
    for (int i = 0; i < ELEMENTS; i += LANES) {
      Memory.store(Memory.load(from + 4L * i).div(divisor), from + 4L * i);
    }
    Memory.set(block, scale);
    for (int i = 0; i < ELEMENTS; i++) {
      byte code = (byte) map.code(Memory.get(from + 4L * i));
      Memory.ALL.set(ValueLayout.JAVA_BYTE, block + Float.BYTES + i, code);
    }
  }

  /** A maximum is not rounded: its order does not matter. */
  private static float largest(long from) {
    FloatVector most = FloatVector.zero(SPECIES);
    for (int i = 0; i < ELEMENTS; i += LANES) {
      most = most.max(Memory.load(from + 4L * i).lanewise(VectorOperators.ABS));
    }
    return most.reduceLanes(VectorOperators.MAX);
  }
}
