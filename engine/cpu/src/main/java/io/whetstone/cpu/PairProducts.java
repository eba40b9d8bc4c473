package io.whetstone.cpu;

import static io.whetstone.cpu.Memory.LANES;
import static io.whetstone.cpu.PairMatrix.COLUMNS;

/**
 * Products C = A B of bfloat16 rows with a {@link PairMatrix}, by F32 multiply-adds.
 *
 * <p>For a few rows what counts is how fast B is read: each worker reads whole blocks of columns
 * from their beginning to their end.
 */
final class PairProducts {
  /** The most rows that are worked on together. */
  private static final int ROWS = 8;

  /** Rows that are widened at once; so many use a block of columns while it is in the cache. */
  private static final int MOST_ROWS = 256;

  /**
   * With so many rows at most what counts is how fast B is read: each piece of it is used by all
   * rows before the next one is read.
   */
  private static final int FEW_ROWS = 32;

  /** Pairs of such a piece: with 64 columns 16 kB, half of a first cache. */
  private static final int FEW_PAIRS = 64;

  /** Rows that {@link PairKernel#addFourRows} takes. */
  private static final int FOUR = 4;

  private static final int TASKS_PER_THREAD = 4;

  /** Multiply-adds that are worth a task of their own. */
  private static final long WORTHWHILE = 1 << 16;

  /** A row's sums of two blocks of columns. */
  private static final long ROW_BYTES = 4L * 2 * COLUMNS;

  private static final long SUMS_BYTES = FEW_ROWS * ROW_BYTES;

  /** The sums so far, and those of a further chunk of k. */
  private static final long TASK_BYTES = 2 * SUMS_BYTES;

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
    boolean few = rows > 1 && rows <= FEW_ROWS && LANES == 16;
    int padded = few ? (rows + FOUR - 1) / FOUR * FOUR : rows;
    long x = widened.reserve(4L * width * padded);
    widen(of, first, rows, width, x);
    Memory.zero(x + 4L * width * rows, 4L * width * (padded - rows));
    int pairsOfBlocks = (PairMatrix.blocks(of.n) + 1) / 2;
    int groups = few ? 1 : (rows + ROWS - 1) / ROWS;
    int most = workers.threads() == 1 ? 1 : TASKS_PER_THREAD * workers.threads();
    int pieces = Math.clamp((most + pairsOfBlocks - 1) / pairsOfBlocks, 1, groups);
    int units = pairsOfBlocks * pieces;
    long worthwhile = Math.max(1, (long) rows * of.k * of.n / WORTHWHILE);
    int tasks = (int) Math.min(Math.min(units, most), worthwhile);
    long room = sums.reserve(TASK_BYTES * tasks);
    workers.run(
        tasks,
        task -> {
          int last = (int) ((long) units * (task + 1) / tasks);
          for (int unit = (int) ((long) units * task / tasks); unit < last; unit++) {
            int piece = unit % pieces;
            int from = ROWS * (groups * piece / pieces);
            int to = Math.min(rows, ROWS * (groups * (piece + 1) / pieces));
            int block = 2 * (unit / pieces);
            long own = room + TASK_BYTES * task;
            if (few) {
              fewRows(of, block, x, width, first, rows, own);
              fewRows(of, block + 1, x, width, first, rows, own);
            } else {
              twoBlocks(of, block, x, width, first, from, to, own);
            }
          }
        });
  }

  private void widen(Product of, int first, int rows, int width, long x) {
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
  }

  /** Two blocks of columns, or the last one, of the rows [from, last) of those widened at x. */
  private static void twoBlocks(
      Product of, int block, long x, int width, int first, int from, int last, long sums) {
    long left = of.b + PairMatrix.blockBytes(of.k) * block;
    boolean alone = block + 1 == PairMatrix.blocks(of.n);
    long right = alone ? left : left + PairMatrix.blockBytes(of.k);
    int columns = Math.min(2 * COLUMNS, of.n - COLUMNS * block);
    int together;
    for (int r = from; r < last; r += together) {
      int rest = last - r;
      together = rest >= 8 && LANES == 16 ? 8 : rest >= 4 ? 4 : 1;
      long factors = x + 4L * width * r;
      for (int k = 0; k < width; k += of.chunk) {
        int pairs = Math.min(of.chunk, width - k) / 2;
        long skipped = 2L * COLUMNS * k;
        long to = k == 0 ? sums : sums + SUMS_BYTES;
        if (together == 1) {
          PairKernel.oneRow(factors + 4L * k, left + skipped, right + skipped, pairs, to);
        } else {
          rows(together, factors + 4L * k, 4L * width, left + skipped, pairs, to);
          if (!alone) {
            long next = to + ROW_BYTES / 2;
            rows(together, factors + 4L * k, 4L * width, right + skipped, pairs, next);
          }
        }
        if (k > 0) {
          Rows.addColumns(to, sums, 0, 2 * COLUMNS * together);
        }
      }
      for (int i = 0; i < together; i++) {
        long row = (long) of.cColumns * (first + r + i) + COLUMNS * block;
        finish(sums + ROW_BYTES * i, of.c + of.result.bytes() * row, columns, of.result);
      }
    }
  }

  /** A block of columns, if there is one of that number, of all rows. */
  private static void fewRows(
      Product of, int block, long x, int width, int first, int rows, long sums) {
    if (block >= PairMatrix.blocks(of.n)) {
      return;
    }
    long b = of.b + PairMatrix.blockBytes(of.k) * block;
    for (int k = 0; k < width; k += of.chunk) {
      int pairs = Math.min(of.chunk, width - k) / 2;
      long to = k == 0 ? sums : sums + SUMS_BYTES;
      Memory.zero(to, ROW_BYTES * ((rows + FOUR - 1) / FOUR * FOUR));
      for (int pair = 0; pair < pairs; pair += FEW_PAIRS) {
        int some = Math.min(FEW_PAIRS, pairs - pair);
        int from = k + 2 * pair;
        for (int r = 0; r < rows; r += FOUR) {
          PairKernel.addFourRows(
              x + 4L * width * r + 4L * from,
              4L * width,
              b + 2L * COLUMNS * from,
              some,
              to + ROW_BYTES * r,
              ROW_BYTES);
        }
      }
      if (k > 0) {
        Rows.addColumns(to, sums, 0, 2 * COLUMNS * rows);
      }
    }
    int columns = Math.min(COLUMNS, of.n - COLUMNS * block);
    for (int r = 0; r < rows; r++) {
      long row = (long) of.cColumns * (first + r) + COLUMNS * block;
      finish(sums + ROW_BYTES * r, of.c + of.result.bytes() * row, columns, of.result);
    }
  }

  private static void rows(int together, long x, long xRow, long block, int pairs, long sums) {
    if (together == 8) {
      PairKernel.eightRows(x, xRow, block, pairs, sums, ROW_BYTES);
    } else {
      PairKernel.fourRows(x, xRow, block, pairs, sums, ROW_BYTES);
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
