package io.whetstone.cpu;

import static io.whetstone.cpu.PairMatrix.COLUMNS;

/**
 * Products C = A B of bfloat16 rows with a {@link PairMatrix}, summed in F32.
 *
 * <p>Work is cut by blocks of columns, and where there are few of those by rows too; a task reads
 * its blocks from their beginning to their end.
 */
final class PairProducts {
  /** Rows that are taken at once; so many use a block of columns while it is in the cache. */
  private static final int MOST_ROWS = 256;

  /**
   * With so few groups of rows what counts is how fast B is read: each piece of it is used by all
   * groups before the next one is read.
   */
  private static final int FEW_GROUPS = 3;

  /** Pairs of such a piece: with 64 columns 16 kB, a third of a first cache. */
  private static final int PIECE = PairCode.AHEAD;

  /** The sums of a chunk and the totals. */
  private static final long TASK_BYTES = 2 * PairRows.TOTALS;

  private static final int TASKS_PER_THREAD = 4;

  /** Multiply-adds that are worth a task of their own. */
  private static final long WORTHWHILE = 1 << 16;

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
  private final PairRows kernel;
  private final Scratch factors = new Scratch();
  private final Scratch sums = new Scratch();

  PairProducts(Workers workers, PairRows kernel) {
    this.workers = workers;
    this.kernel = kernel;
  }

  void multiply(Product of, int rows) {
    for (int done = 0; done < rows; done += MOST_ROWS) {
      some(of, done, Math.min(MOST_ROWS, rows - done));
    }
  }

  private void some(Product of, int first, int rows) {
    // An odd k is padded with a 0, which meets one in B.
    int width = (of.k + 1) / 2 * 2;
    long x = factors(of, first, rows, width);
    int blocks = PairMatrix.blocks(of.n);
    int groups = (rows + kernel.most() - 1) / kernel.most();
    boolean few = groups <= FEW_GROUPS && rows <= PairRows.SUMS;
    int most = workers.threads() == 1 ? 1 : TASKS_PER_THREAD * workers.threads();
    int pieces = few ? 1 : Math.clamp((most + blocks - 1) / blocks, 1, groups);
    int units = blocks * pieces;
    long worthwhile = Math.max(1, (long) rows * of.k * of.n / WORTHWHILE);
    int tasks = (int) Math.min(Math.min(units, most), worthwhile);
    long room = sums.reserve(TASK_BYTES * tasks);
    workers.run(
        tasks,
        task -> {
          long own = room + TASK_BYTES * task;
          int last = (int) ((long) units * (task + 1) / tasks);
          for (int unit = (int) ((long) units * task / tasks); unit < last; unit++) {
            int block = unit / pieces;
            int piece = unit % pieces;
            if (few) {
              together(of, block, x, width, first, groups, rows, own);
            } else {
              int from = (int) ((long) groups * piece / pieces);
              int to = (int) ((long) groups * (piece + 1) / pieces);
              oneByOne(of, block, x, width, first, groups, rows, from, to, own);
            }
          }
        });
  }

  /** Where the rows lie as the kernel wants them. */
  private long factors(Product of, int first, int rows, int width) {
    long a = of.a + 2L * of.k * first;
    boolean asTheyAre = kernel.factorBytes() == Short.BYTES;
    if (asTheyAre && width == of.k) {
      return a;
    }
    long x = factors.reserve((long) kernel.factorBytes() * width * rows);
    if (asTheyAre) {
      pad(a, of.k, rows, width, x);
    } else {
      widen(of, first, rows, width, x);
    }
    return x;
  }

  private static void pad(long a, int k, int rows, int width, long x) {
    for (int r = 0; r < rows; r++) {
      Memory.copy(a + 2L * k * r, x + 2L * width * r, 2L * k);
      Memory.zero(x + 2L * (width * r + k), 2L * (width - k));
    }
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

  /** A block of columns, each piece of it for all groups of rows. */
  private void together(
      Product of, int block, long x, int width, int first, int groups, int rows, long sums) {
    long b = of.b + PairMatrix.blockBytes(of.k) * block;
    long size = kernel.factorBytes();
    for (int k = 0; k < width; k += of.chunk) {
      int pairs = Math.min(of.chunk, width - k) / 2;
      for (int pair = 0; pair < pairs; pair += PIECE) {
        int some = Math.min(PIECE, pairs - pair);
        int from = k + 2 * pair;
        for (int group = 0; group < groups; group++) {
          int r = rows * group / groups;
          int count = rows * (group + 1) / groups - r;
          long factors = x + size * width * r + size * from;
          long weights = b + 2L * COLUMNS * from;
          long own = sums + PairRows.SUMS_ROW * r;
          if (pair + some < pairs) {
            kernel.part(count, factors, size * width, weights, some, own, pair == 0, group == 0);
          } else {
            kernel.last(
                count,
                factors,
                size * width,
                weights,
                some,
                own,
                pair == 0,
                group == 0,
                k > 0,
                result(of, block, k, width),
                c(of, block, first + r),
                (long) of.result.bytes() * of.cColumns);
          }
        }
      }
    }
    settle(of, block, first, rows, sums);
  }

  /** A block of columns, all of it for the groups [from, to) of rows, one after the other. */
  private void oneByOne(
      Product of,
      int block,
      long x,
      int width,
      int first,
      int groups,
      int rows,
      int from,
      int to,
      long sums) {
    long b = of.b + PairMatrix.blockBytes(of.k) * block;
    long size = kernel.factorBytes();
    for (int group = from; group < to; group++) {
      int r = rows * group / groups;
      int count = rows * (group + 1) / groups - r;
      for (int k = 0; k < width; k += of.chunk) {
        kernel.last(
            count,
            x + size * width * r + size * k,
            size * width,
            b + 2L * COLUMNS * k,
            Math.min(of.chunk, width - k) / 2,
            sums,
            true,
            group == from,
            k > 0,
            result(of, block, k, width),
            c(of, block, first + r),
            (long) of.result.bytes() * of.cColumns);
      }
      settle(of, block, first + r, count, sums);
    }
  }

  private static boolean whole(Product of, int block) {
    return of.n - COLUMNS * block >= COLUMNS;
  }

  /** What the chunk that begins at k makes of a block; null where totals are to be kept. */
  private static Result result(Product of, int block, int k, int width) {
    return whole(of, block) && k + of.chunk >= width ? of.result : null;
  }

  /** Where a block's part of a row of C lies. */
  private static long c(Product of, int block, int row) {
    return of.c + of.result.bytes() * ((long) of.cColumns * row + COLUMNS * block);
  }

  /** The columns that there are of a last block. */
  private static void settle(Product of, int block, int first, int rows, long sums) {
    if (whole(of, block)) {
      return;
    }
    for (int r = 0; r < rows; r++) {
      long totals = sums + PairRows.TOTALS + PairRows.SUMS_ROW * r;
      PairRows.settle(totals, c(of, block, first + r), of.n - COLUMNS * block, of.result);
    }
  }
}
