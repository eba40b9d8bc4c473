package io.whetstone.tensor.quantized;

import io.whetstone.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * {@code DYNAMIC} and {@code UDYNAMIC}: x[i] = d · map[q[i]]; a binary32 d, then 256 codes.
 *
 * <p>Encoded with d = max |x| and q the code of x / d, of 0 where d is 0.
 */
record DynamicCodec(DType type, DynamicMap map) implements BlockCodec {
  private static final int ELEMENTS = 256;
  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  @Override
  public void decode(MemorySegment from, long at, float[] to, int first) {
    float scale = from.get(FLOAT, at);
    for (int i = 0; i < ELEMENTS; i++) {
      to[first + i] = map.value(BlockCodec.unsigned(from, at + Float.BYTES + i)) * scale;
    }
  }

  @Override
  public void encode(float[] from, int first, MemorySegment to, long at) {
    float scale = 0;
    for (int i = 0; i < ELEMENTS; i++) {
      scale = Math.max(scale, Math.abs(from[first + i]));
    }
    float divisor = scale == 0 ? 1 : scale;
    to.set(FLOAT, at, scale);
    for (int i = 0; i < ELEMENTS; i++) {
      BlockCodec.put(to, at + Float.BYTES + i, map.code(from[first + i] / divisor));
    }
  }
}
