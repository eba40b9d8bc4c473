package io.whetstone.cpu;

import static io.whetstone.cpu.PairMatrix.COLUMNS;

/**
 * Products C = A B of bfloat16 rows with a {@link PairMatrix}, by F32 multiply-adds.
 *
 * <p>For a few rows what counts is how fast B is read: each worker reads whole blocks of columns
 * from their beginning to their end.
 */
final class PairProducts {
  /** Rows that are worked on together. */
  private static final int ROWS = 4;

  /** Rows that are widened at once; so many use a block of columns while it is in the cache. */
  private static final int MOST_ROWS = 256;

  private static final int TASKS_PER_THREAD = 4;

  /** Multiply-adds that are worth a task of their own. */
  private static final long WORTHWHILE = 1 << 16;

  private static final long SUMS_BYTES = 4L * COLUMNS;

  /**
   * What is multiplied.
   *
   * @param a rows of BF16, one after the other
   * @param b a {@link PairMatrix}
   * @param c where C's rows begin, {@code cColumns} elements apart
   * @param chunk elements of k whose sum starts from 0, an even number; the chunks' sums are added
   *     in order
   */
  record Product(long a, int k, long b, int n, long c, int cColumns, int chunk, Result result) {}

  private final Workers workers;
  private final Scratch widened = new Scratch();
  private final Scratch sums = new Scratch();

  PairProducts(Workers workers) {
    this.workers = workers;
  }

  void multiply(Product of, int rows) {
    for (int done = 0; done < rows; done += MOST_ROWS) {
      some(of, done, Math.min(MOST_ROWS, rows - done));
    }
  }

  private void some(Product of, int first, int rows) {
    // An odd k is padded with a 0, which meets one in B.
    int width = (of.k + 1) / 2 * 2;
    long x = widened.reserve(4L * width * rows);
    Ranges.run(
        workers,
        rows,
        of.k,
        1,
        (from, to) -> {
          for (int r = from; r < to; r++) {
            Bfloat16.widen(of.a + 2L * of.k * (first + r), x + 4L * width * r, of.k);
            if (width > of.k) {
              Memory.set(x + 4L * width * r + 4L * of.k, 0);
            }
          }
        });
    int blocks = PairMatrix.blocks(of.n);
    int threads = workers.threads();
    int groups = (rows + ROWS - 1) / ROWS;
    int pieces = Math.clamp((TASKS_PER_THREAD * threads + blocks - 1) / blocks, 1, groups);
    int units = blocks * pieces;
    long worthwhile = Math.max(1, (long) rows * of.k * of.n / WORTHWHILE);
    int most = threads == 1 ? 1 : TASKS_PER_THREAD * threads;
    int tasks = (int) Math.min(Math.min(units, most), worthwhile);
    long room = sums.reserve(ROWS * SUMS_BYTES * tasks);
    workers.run(
        tasks,
        task -> {
          int last = (int) ((long) units * (task + 1) / tasks);
          for (int unit = (int) ((long) units * task / tasks); unit < last; unit++) {
            int piece = unit % pieces;
            int from = ROWS * (groups * piece / pieces);
            int to = Math.min(rows, ROWS * (groups * (piece + 1) / pieces));
            block(of, unit / pieces, x, width, first, from, to, room + ROWS * SUMS_BYTES * task);
          }
        });
  }

  /** One block of columns of the rows [from, to) of those widened at x. */
  private static void block(
      Product of, int block, long x, int width, int first, int from, int to, long sums) {
    long b = of.b + PairMatrix.blockBytes(of.k) * block;
    int columns = Math.min(COLUMNS, of.n - COLUMNS * block);
    int together;
    for (int r = from; r < to; r += together) {
      together = to - r >= ROWS ? ROWS : 1;
      for (int k = 0; k < width; k += of.chunk) {
        int pairs = Math.min(of.chunk, width - k) / 2;
        long factors = x + 4L * width * r + 4L * k;
        if (together == ROWS) {
          PairKernel.fourRows(factors, 4L * width, b + 2L * COLUMNS * k, pairs, sums, k > 0);
        } else {
          PairKernel.oneRow(factors, b + 2L * COLUMNS * k, pairs, sums, k > 0);
        }
      }
      for (int i = 0; i < together; i++) {
        long row = (long) of.cColumns * (first + r + i) + COLUMNS * block;
        finish(sums + SUMS_BYTES * i, of.c + of.result.bytes() * row, columns, of.result);
      }
    }
  }

  private static void finish(long sums, long c, int columns, Result result) {
    switch (result) {
      case F32 -> Memory.copy(sums, c, 4L * columns);
      case F32_ADDED -> Rows.addColumns(sums, c, 0, columns);
      case BF16 -> Bfloat16.round(sums, c, columns);
    }
  }
}
