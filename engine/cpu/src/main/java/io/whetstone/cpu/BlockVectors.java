package io.whetstone.cpu;

import io.whetstone.tensor.DType;

/** {@link BlockTiles} by {@link BlockRows}. */
final class BlockVectors implements BlockTiles {
  private static final int MOST_ROWS = 32;

  private final ThreadLocal<Scratch> scratch = ThreadLocal.withInitial(Scratch::new);

  @Override
  public int mostRows() {
    return MOST_ROWS;
  }

  @Override
  public void decode(
      DType type, DType compute, long from, long row, int count, long to, long ahead) {
    long numbers = scratch.get().reserve(4L * count);
    for (int r = 0; r < ROWS; r++) {
      BlockRows.decode(type, from + row * r, numbers, count);
      if (compute == DType.BF16) {
        // In place: what is written lies never behind what is still to be read.
        Bfloat16.round(numbers, numbers, count);
      }
      int steps = count / BlockTiles.elements(compute);
      for (int step = 0; step < steps; step++) {
        Memory.set(to + STEP * step + 4L * r, Memory.get(numbers + 4L * step));
      }
    }
  }
}
