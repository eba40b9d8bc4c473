package io.whetstone.cpu;

import static io.whetstone.cpu.Memory.LANES;

import io.whetstone.tensor.DType;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * How the keys and values of 16 consecutive positions of one head lie in memory: the keys [size,
 * 16], so that lanes are positions, then the values [16, stride], so that lanes are dimensions.
 *
 * <p>The cache's pages and the scratch of packed attention are made of such tiles, so both are read
 * by the same kernels and give the same bits.
 *
 * <p>A narrow tile holds the same numbers in BF16, two vectors of floats folded into one of words:
 * the first one's numbers are the lower halves, so that widening takes a shift and a mask and moves
 * nothing between lanes.
 *
 * @param size dimensions of a head
 * @param stride {@code size} rounded up to 32; what is over is 0
 */
record TileLayout(int size, int stride) {
  /** Positions in a tile; a multiple of the number of lanes. */
  static final int POSITIONS = 16;

  /** From a dimension of the keys to the next. */
  static final long KEY_STEP = 4L * POSITIONS;

  private static final VectorSpecies<Integer> WORDS = Memory.SPECIES.withLanes(int.class);
  private static final int UPPER = 0xffff0000;

  static TileLayout of(int size) {
    int block = 2 * FloatTiles.COLUMNS;
    return new TileLayout(size, (size + block - 1) / block * block);
  }

  /** Tiles that hold so many positions. */
  static int tiles(int positions) {
    return (positions + POSITIONS - 1) / POSITIONS;
  }

  long bytes() {
    return keyBytes() + rowsBytes();
  }

  /** Bytes of the transposed part, after which the rows begin. */
  long keyBytes() {
    return KEY_STEP * size;
  }

  /** Bytes of the part whose lanes are dimensions. */
  long rowsBytes() {
    return rowBytes() * POSITIONS;
  }

  /** From a position's values to the next one's. */
  long rowBytes() {
    return 4L * stride;
  }

  /** Stores one position of a tile. */
  void store(long key, long value, long tile, int position) {
    transpose(key, tile, position);
    row(value, tile + keyBytes() + rowBytes() * position);
  }

  /** Stores a head's numbers as one column of {@code [size, 16]}. */
  void transpose(long head, long to, int position) {
    long column = to + 4L * position;
    for (int d = 0; d < size; d++) {
      Memory.set(column + KEY_STEP * d, Memory.get(head + 4L * d));
    }
  }

  /** Stores a head's numbers as one padded row. */
  void row(long head, long to) {
    int d = 0;
    for (; d <= size - LANES; d += LANES) {
      FloatVector.fromMemorySegment(Memory.SPECIES, Memory.ALL, head + 4L * d, Memory.ORDER)
          .intoMemorySegment(Memory.ALL, to + 4L * d, Memory.ORDER);
    }
    for (; d < size; d++) {
      Memory.set(to + 4L * d, Memory.get(head + 4L * d));
    }
    pad(to);
  }

  /** Stores a head's numbers, F32 or BF16, as one padded row of F32. */
  void row(DType type, long head, long to) {
    if (type == DType.F32) {
      row(head, to);
    } else {
      Bfloat16.widen(head, to, size);
      pad(to);
    }
  }

  private void pad(long row) {
    int d = size;
    for (; d % LANES != 0; d++) {
      Memory.set(row + 4L * d, 0);
    }
    for (; d < stride; d += LANES) {
      FloatVector.zero(Memory.SPECIES).intoMemorySegment(Memory.ALL, row + 4L * d, Memory.ORDER);
    }
  }

  /** Stores 16 padded rows as {@code [size, 16]}. */
  void transpose(FloatTiles tiles, long rows, long to) {
    if (size % 4 == 0) {
      tiles.transpose(rows, rowBytes(), size, to);
    } else {
      for (int position = 0; position < POSITIONS; position++) {
        transpose(rows + rowBytes() * position, to, position);
      }
    }
  }

  /** Stores one position of a narrow tile from BF16 numbers. */
  void storeNarrow(long key, long value, long tile, int position) {
    for (int d = 0; d < size; d++) {
      short number = Memory.getShort(key + 2L * d);
      Memory.setShort(narrow(tile, d * POSITIONS + position), number);
    }
    long row = tile + keyBytes() / 2 + rowBytes() / 2 * position;
    for (int d = 0; d < stride; d++) {
      Memory.setShort(narrow(row, d), d < size ? Memory.getShort(value + 2L * d) : 0);
    }
  }

  /** Address of the BF16 number that is float {@code index} of what lies there when widened. */
  private static long narrow(long address, int index) {
    int block = index / (2 * LANES) * (2 * LANES);
    int within = index - block;
    return address + 2L * (block + 2 * (within % LANES) + within / LANES);
  }

  /** Widens a part of a narrow tile to so many bytes of floats, a multiple of two vectors. */
  static void widen(long from, long to, long bytes) {
    for (long at = 0; at < bytes; at += 8L * LANES) {
      IntVector words = IntVector.fromMemorySegment(WORDS, Memory.ALL, from + at / 2, Memory.ORDER);
      words
          .lanewise(VectorOperators.LSHL, 16)
          .reinterpretAsFloats()
          .intoMemorySegment(Memory.ALL, to + at, Memory.ORDER);
      words
          .and(UPPER)
          .reinterpretAsFloats()
          .intoMemorySegment(Memory.ALL, to + at + 4L * LANES, Memory.ORDER);
    }
  }
}
