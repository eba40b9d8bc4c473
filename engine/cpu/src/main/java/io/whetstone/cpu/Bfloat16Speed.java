package io.whetstone.cpu;

import io.whetstone.tensor.DType;

/**
 * Whether a processor multiplies bfloat16 numbers faster than F32 ones, measured once.
 *
 * <p>Some only save memory with them: an Intel Sapphire Rapids without AMX makes 57 G of their
 * multiply-adds a second and core where it makes 100 G in F32. Others make twice as many as in F32,
 * so the measurement is far from its threshold; a gradient's bits depend on it, and it is told.
 */
final class Bfloat16Speed {
  private static final int ROWS = 64;
  private static final int SIZE = 512;
  private static final int ROUNDS = 20;

  private static final double THRESHOLD = 1.2;

  private Bfloat16Speed() {}

  static boolean isSlow(OneDnn dnn) {
    DnnlSlot slot = new DnnlSlot(dnn, 0);
    try {
      return nanoseconds(dnn, slot, DType.BF16) > THRESHOLD * nanoseconds(dnn, slot, DType.F32);
    } finally {
      slot.close();
    }
  }

  private static long nanoseconds(OneDnn dnn, DnnlSlot slot, DType dtype) {
    OneDnn.useOneThread();
    long a = dnn.matrix(dtype, ROWS, SIZE, SIZE, 1);
    long b = dnn.matrixOfAnyLayout(dtype, SIZE, SIZE);
    long c = dnn.matrix(DType.F32, ROWS, SIZE, SIZE, 1);
    DnnlPrimitive product = DnnlPrimitive.product(dnn, 1, a, b, c, false);
    long bytes = 4L * SIZE * (SIZE + 2 * ROWS);
    try (Allocation room = new Allocation(bytes, "a measurement")) {
      Memory.zero(room.address(), bytes);
      long x = room.address() + 4L * SIZE * SIZE;
      long y = x + 4L * SIZE * ROWS;
      long best = Long.MAX_VALUE;
      for (int round = 0; round < ROUNDS; round++) {
        long start = System.nanoTime();
        product.run(slot, x, room.address(), y);
        best = Math.min(best, System.nanoTime() - start);
      }
      return best;
    } finally {
      product.close();
      dnn.destroyMatrix(a);
      dnn.destroyMatrix(b);
      dnn.destroyMatrix(c);
    }
  }
}
