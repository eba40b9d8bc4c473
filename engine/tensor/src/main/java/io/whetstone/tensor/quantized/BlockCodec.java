package io.whetstone.tensor.quantized;

import io.whetstone.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * What the blocks of a quantised {@link DType} stand for, and how numbers become blocks; plain
 * loops, the reference for backends' kernels. Layouts and arithmetic of weights are GGUF's
 * (ggml-common.h, ggml-quants.c): decoding gives the same floats to the bit. Those of moments are
 * {@link DynamicCodec}'s.
 */
public sealed interface BlockCodec permits Q8Codec, Q4Codec, Q6Codec, DynamicCodec {
  /**
   * The codec of a type.
   *
   * @throws IllegalArgumentException when it is not quantised
   */
  static BlockCodec of(DType type) {
    return switch (type) {
      case Q8_0 -> new Q8Codec();
      case Q4_K -> new Q4Codec();
      case Q6_K -> new Q6Codec();
      case DYNAMIC -> new DynamicCodec(type, DynamicMap.SIGNED);
      case UDYNAMIC -> new DynamicCodec(type, DynamicMap.UNSIGNED);
      case F32, BF16, I32 -> throw new IllegalArgumentException(type + " is not quantised");
    };
  }

  DType type();

  /** Writes a block's numbers to {@code to[first …]}; the block begins at byte {@code at}. */
  void decode(MemorySegment from, long at, float[] to, int first);

  /** Rounds the numbers {@code from[first …]} to a block at byte {@code at}: all must be finite. */
  void encode(float[] from, int first, MemorySegment to, long at);

  /** Decodes whole blocks that lie one after the other from byte {@code at} on. */
  default void decodeAll(MemorySegment from, long at, float[] to) {
    int elements = type().blockElements();
    for (int i = 0; i < to.length; i += elements) {
      decode(from, at + (long) i / elements * type().blockBytes(), to, i);
    }
  }

  /** Encodes numbers as whole blocks from byte {@code at} on. */
  default void encodeAll(float[] from, MemorySegment to, long at) {
    int elements = type().blockElements();
    for (int i = 0; i < from.length; i += elements) {
      encode(from, i, to, at + (long) i / elements * type().blockBytes());
    }
  }

  private static ValueLayout.OfShort half() {
    return ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  }

  /** A binary16 as a float. */
  static float half(MemorySegment memory, long at) {
    return Float.float16ToFloat(memory.get(half(), at));
  }

  /** Rounds to binary16, to nearest even, and returns what it is then. */
  static float putHalf(MemorySegment memory, long at, float value) {
    short rounded = Float.floatToFloat16(value);
    memory.set(half(), at, rounded);
    return Float.float16ToFloat(rounded);
  }

  /** The byte as a number of 0 to 255. */
  static int unsigned(MemorySegment memory, long at) {
    return memory.get(ValueLayout.JAVA_BYTE, at) & 0xff;
  }

  static void put(MemorySegment memory, long at, int value) {
    memory.set(ValueLayout.JAVA_BYTE, at, (byte) value);
  }
}
