package io.whetstone.cpu;

import static io.whetstone.cpu.Memory.LANES;
import static io.whetstone.cpu.Memory.SPECIES;

import io.whetstone.tensor.DType;
import io.whetstone.tensor.quantized.BlockCodec;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * Rows of quantised numbers as F32, with the bits of {@link BlockCodec}: a product and a difference
 * that are rounded one after the other, never fused.
 */
final class BlockRows {
  private static final VectorSpecies<Byte> BYTES =
      LANES == 16 ? ByteVector.SPECIES_128 : ByteVector.SPECIES_64;
  private static final VectorSpecies<Integer> INTS = SPECIES.withLanes(int.class);

  private BlockRows() {}

  /** Decodes {@code count} numbers, whole blocks. */
  static void decode(DType type, long from, long to, int count) {
    if (LANES < 8) {
      decodePlainly(type, from, to, count);
      return;
    }
    int blocks = count / type.blockElements();
    for (int b = 0; b < blocks; b++) {
      long block = from + (long) type.blockBytes() * b;
      long target = to + 4L * type.blockElements() * b;
      switch (type) {
        case Q8_0 -> eight(block, target);
        case Q4_K -> four(block, target);
        case Q6_K -> six(block, target);
        case F32, BF16, I32, DYNAMIC, UDYNAMIC ->
            throw new IllegalArgumentException(type + " holds no quantised weights");
      }
    }
  }

  /** Vectors of four lanes have no bytes to widen. */
  private static void decodePlainly(DType type, long from, long to, int count) {
    float[] numbers = new float[count];
    BlockCodec.of(type).decodeAll(Memory.ALL, from, numbers);
    for (int i = 0; i < count; i++) {
      Memory.set(to + 4L * i, numbers[i]);
    }
  }

  private static void eight(long block, long to) {
    float scale = half(block);
    for (int i = 0; i < 32; i += LANES) {
      Memory.store(numbers(signed(block + 2 + i)).mul(scale), to + 4L * i);
    }
  }

  private static void four(long block, long to) {
    float d = half(block);
    float dMin = half(block + 2);
    // Twelve bytes hold eight scales and eight minima of 6 bits; see Q4Codec.
    int first = integer(block + 4);
    int second = integer(block + 8);
    int third = integer(block + 12);
    long scales =
        first & 0x3f3f3f3fL | (long) (third & 0x0f0f0f0f | (first >>> 2 & 0x30303030)) << 32;
    long mins =
        second & 0x3f3f3f3fL
            | (long) (third >>> 4 & 0x0f0f0f0f | (second >>> 2 & 0x30303030)) << 32;
    for (int pair = 0; pair < 4; pair++) {
      int shift = 16 * pair;
      float low = d * (scales >>> shift & 63);
      float high = d * (scales >>> shift + 8 & 63);
      float lowMin = dMin * (mins >>> shift & 63);
      float highMin = dMin * (mins >>> shift + 8 & 63);
      for (int i = 0; i < 32; i += LANES) {
        IntVector bits = signed(block + 16 + 32 * pair + i);
        long at = to + 4L * (64 * pair + i);
        Memory.store(numbers(bits.and(15)).mul(low).sub(lowMin), at);
        Memory.store(
            numbers(bits.lanewise(VectorOperators.LSHR, 4).and(15)).mul(high).sub(highMin),
            at + 4L * 32);
      }
    }
  }

  private static void six(long block, long to) {
    float d = half(block + 208);
    for (int part = 0; part < 2; part++) {
      for (int i = 0; i < 32; i += LANES) {
        IntVector first = signed(block + 64 * part + i);
        IntVector second = signed(block + 64 * part + 32 + i);
        IntVector high = signed(block + 128 + 32 * part + i);
        long at = to + 4L * (128 * part + i);
        for (int lane = 0; lane < 4; lane++) {
          IntVector low = lane % 2 == 0 ? first : second;
          IntVector bits = low.lanewise(VectorOperators.LSHR, lane / 2 * 4).and(15);
          IntVector upper = high.lanewise(VectorOperators.LSHR, 2 * lane).and(3);
          IntVector q = bits.or(upper.lanewise(VectorOperators.LSHL, 4)).sub(32);
          float scale =
              d * Memory.ALL.get(ValueLayout.JAVA_BYTE, block + 192 + 8 * part + 2 * lane + i / 16);
          Memory.store(numbers(q).mul(scale), at + 128L * lane);
        }
      }
    }
  }

  /** Bytes sign-extended: the bits above the eighth are masked where they must not count. */
  private static IntVector signed(long address) {
    ByteVector bytes = ByteVector.fromMemorySegment(BYTES, Memory.ALL, address, Memory.ORDER);
    return (IntVector) bytes.convertShape(VectorOperators.B2I, INTS, 0);
  }

  private static FloatVector numbers(IntVector integers) {
    return (FloatVector) integers.convert(VectorOperators.I2F, 0);
  }

  private static float half(long address) {
    return Float.float16ToFloat(Memory.getShort(address));
  }

  private static int integer(long address) {
    return Memory.ALL.get(ValueLayout.JAVA_INT_UNALIGNED, address);
  }
}
