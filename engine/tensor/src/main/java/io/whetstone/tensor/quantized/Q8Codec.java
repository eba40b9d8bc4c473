package io.whetstone.tensor.quantized;

import io.whetstone.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * {@code Q8_0}: x[i] = d · q[i]; a binary16 d, then 32 signed bytes.
 *
 * <p>Encoded with d = max |x| / 127 and q = x / d rounded half away from zero, before d is rounded,
 * as GGUF's writers do.
 */
record Q8Codec() implements BlockCodec {
  private static final int ELEMENTS = 32;

  @Override
  public DType type() {
    return DType.Q8_0;
  }

  @Override
  public void decode(MemorySegment from, long at, float[] to, int first) {
    float scale = BlockCodec.half(from, at);
    for (int i = 0; i < ELEMENTS; i++) {
      to[first + i] = from.get(ValueLayout.JAVA_BYTE, at + 2 + i) * scale;
    }
  }

  @Override
  public void encode(float[] from, int first, MemorySegment to, long at) {
    float largest = 0;
    for (int i = 0; i < ELEMENTS; i++) {
      largest = Math.max(largest, Math.abs(from[first + i]));
    }
    float scale = largest / 127;
    float inverse = scale == 0 ? 0 : 1 / scale;
    BlockCodec.putHalf(to, at, scale);
    for (int i = 0; i < ELEMENTS; i++) {
      BlockCodec.put(to, at + 2 + i, halfAway(from[first + i] * inverse));
    }
  }

  private static int halfAway(float x) {
    float size = Math.abs(x);
    float floor = (float) Math.floor(size);
    int rounded = (int) (floor + (float) Math.floor(2 * (size - floor)));
    return x < 0 ? -rounded : rounded;
  }
}
