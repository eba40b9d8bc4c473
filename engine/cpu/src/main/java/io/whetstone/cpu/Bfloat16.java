package io.whetstone.cpu;

import static io.whetstone.cpu.Memory.LANES;
import static io.whetstone.cpu.Memory.SPECIES;

import io.whetstone.tensor.DType;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/**
 * Conversions between rows of F32 and of BF16 numbers.
 *
 * <p>Most kernels compute in F32 only: rows of BF16 are widened to scratch before and rounded from
 * scratch after. To convert in their own loops would cost the compiler so many nodes that it stops
 * inlining, and then every vector is boxed.
 */
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

  /** Exact, on all workers. */
  static void widen(Workers workers, long from, long to, long count) {
    int chunks = Math.toIntExact((count + CHUNK - 1) / CHUNK);
    Ranges.run(
        workers,
        chunks,
        CHUNK,
        1,
        (first, last) -> {
          long begin = (long) first * CHUNK;
          long end = Math.min(count, (long) last * CHUNK);
          widen(from + 2 * begin, to + 4 * begin, end - begin);
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

  /** Where an array's numbers lie as F32: there, or in scratch, after widening. */
  static long floats(DType type, long address, int count, long scratch) {
    if (type == DType.F32) {
      return address;
    }
    widen(address, scratch, count);
    return scratch;
  }

  /** Where to make an array's numbers as F32, before {@link #settle}. */
  static long target(DType type, long address, long scratch) {
    return type == DType.F32 ? address : scratch;
  }

  /** Rounds what was made at {@link #target} to where it belongs, unless it was made there. */
  static void settle(DType type, long address, int count, long scratch) {
    if (type != DType.F32) {
      round(scratch, address, count);
    }
  }
}
