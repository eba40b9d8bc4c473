package io.whetstone.cpu;

import static io.whetstone.cpu.Memory.LANES;
import static io.whetstone.cpu.Memory.SPECIES;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/** Conversions between rows of F32 and of BF16 numbers. */
final class Bfloat16 {
  private static final VectorSpecies<Short> HALF =
      VectorSpecies.of(short.class, VectorShape.forBitSize(LANES * Short.SIZE));
  private static final VectorSpecies<Integer> INTS = SPECIES.withLanes(int.class);
  private static final int NOT_A_NUMBER = 0x7fc0;
  private static final int CHUNK = 1 << 14;

  private Bfloat16() {}

  /** Rounds to nearest even, on all workers; a NaN stays one. */
  static void round(Workers workers, long from, long to, long count) {
    int chunks = Math.toIntExact((count + CHUNK - 1) / CHUNK);
    Ranges.run(
        workers,
        chunks,
        CHUNK,
        1,
        (first, last) -> {
          long begin = (long) first * CHUNK;
          long end = Math.min(count, (long) last * CHUNK);
          round(from + 4 * begin, to + 2 * begin, end - begin);
        });
  }

  /** Rounds to nearest even; a NaN stays one. */
  static void round(long from, long to, long count) {
    long i = 0;
    for (; i <= count - LANES; i += LANES) {
      FloatVector value =
          FloatVector.fromMemorySegment(SPECIES, Memory.ALL, from + 4 * i, Memory.ORDER);
      IntVector bits = value.reinterpretAsInts();
      IntVector upper = bits.lanewise(VectorOperators.LSHR, 16);
      IntVector rounded = bits.add(upper.and(1)).add(0x7fff).lanewise(VectorOperators.LSHR, 16);
      IntVector kept = rounded.blend(NOT_A_NUMBER, value.test(VectorOperators.IS_NAN).cast(INTS));
      ShortVector half = (ShortVector) kept.convertShape(VectorOperators.I2S, HALF, 0);
      half.intoMemorySegment(Memory.ALL, to + 2 * i, Memory.ORDER);
    }
    for (; i < count; i++) {
      Memory.setShort(to + 2 * i, Elementwise.toBfloat16(Memory.get(from + 4 * i)));
    }
  }

  /** Exact. */
  static void widen(long from, long to, long count) {
    long i = 0;
    for (; i <= count - LANES; i += LANES) {
      ShortVector half =
          ShortVector.fromMemorySegment(HALF, Memory.ALL, from + 2 * i, Memory.ORDER);
      IntVector bits = (IntVector) half.convertShape(VectorOperators.S2I, INTS, 0);
      bits.lanewise(VectorOperators.LSHL, 16)
          .reinterpretAsFloats()
          .intoMemorySegment(Memory.ALL, to + 4 * i, Memory.ORDER);
    }
    for (; i < count; i++) {
      Memory.set(to + 4 * i, Elementwise.fromBfloat16(Memory.getShort(from + 2 * i)));
    }
  }
}
