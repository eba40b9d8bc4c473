package io.whetstone.checkpoints;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** The element types of safetensors files, by the names used there; all little-endian. */
public enum StoredType {
  F64(8),
  F32(4),
  F16(2),
  BF16(2),
  I64(8),
  I32(4),
  I16(2),
  I8(1),
  U64(8),
  U32(4),
  U16(2),
  U8(1),
  BOOL(1);

  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final int bytes;

  StoredType(int bytes) {
    this.bytes = bytes;
  }

  /** Bytes of one element. */
  public int bytes() {
    return bytes;
  }

  /** True for the types that {@link #floats} reads: F32, F16, BF16. Each value is exact in F32. */
  public boolean isFloat() {
    return this == F32 || this == F16 || this == BF16;
  }

  /** The first elements of {@code data}, widened to binary32. */
  float[] floats(MemorySegment data, int count) {
    float[] values = new float[count];
    switch (this) {
      case F32 -> MemorySegment.copy(data, FLOAT, 0, values, 0, count);
      case F16 -> {
        for (int i = 0; i < count; i++) {
          values[i] = Float.float16ToFloat(data.get(SHORT, (long) i * bytes));
        }
      }
      case BF16 -> {
        for (int i = 0; i < count; i++) {
          values[i] = Float.intBitsToFloat(data.get(SHORT, (long) i * bytes) << 16);
        }
      }
      default -> throw new IllegalStateException(this + " is not a floating-point type to read");
    }
    return values;
  }
}
