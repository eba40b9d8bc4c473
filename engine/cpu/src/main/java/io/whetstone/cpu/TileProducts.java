package io.whetstone.cpu;

import static io.whetstone.cpu.Memory.LANES;
import static io.whetstone.cpu.Memory.SPECIES;

import jdk.incubator.vector.FloatVector;

/**
 * The products of a query by itself, with the bits of {@link FloatTiles}: four vectors of keys make
 * as many chains as one row needs.
 *
 * <p>Memory is reached directly: {@link Memory}'s methods are not inlined where they are called
 * seldom, as behind these loops, and what they are given is then boxed.
 */
final class TileProducts {
  private static final long VECTOR = 4L * LANES;

  private TileProducts() {}

  /**
   * Dot products of a row with the keys in four vectors of lanes: {@code out[lane] = Σ_d x[d]
   * key[d, lane]}.
   *
   * @param keysA first dimension of one vector of keys, further ones {@link TileLayout#KEY_STEP} on
   * @param out where the first vector's products go, the others' right after
   */
  static void dots1(long x, long keysA, long keysB, long keysC, long keysD, int size, long out) {
    FloatVector a = FloatVector.zero(SPECIES);
    FloatVector b = a;
    FloatVector c = a;
    FloatVector d = a;
    for (int i = 0; i < size; i++) {
      long step = TileLayout.KEY_STEP * i;
      FloatVector factor = broadcast(x + 4L * i);
      a =
          factor.fma(
              FloatVector.fromMemorySegment(SPECIES, Memory.ALL, keysA + step, Memory.ORDER), a);
      b =
          factor.fma(
              FloatVector.fromMemorySegment(SPECIES, Memory.ALL, keysB + step, Memory.ORDER), b);
      c =
          factor.fma(
              FloatVector.fromMemorySegment(SPECIES, Memory.ALL, keysC + step, Memory.ORDER), c);
      d =
          factor.fma(
              FloatVector.fromMemorySegment(SPECIES, Memory.ALL, keysD + step, Memory.ORDER), d);
    }
    a.intoMemorySegment(Memory.ALL, out, Memory.ORDER);
    b.intoMemorySegment(Memory.ALL, out + VECTOR, Memory.ORDER);
    c.intoMemorySegment(Memory.ALL, out + 2 * VECTOR, Memory.ORDER);
    d.intoMemorySegment(Memory.ALL, out + 3 * VECTOR, Memory.ORDER);
  }

  private static FloatVector broadcast(long address) {
    return FloatVector.broadcast(SPECIES, Memory.get(address));
  }
}
