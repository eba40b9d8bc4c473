package io.whetstone.cpu;

import io.whetstone.cpu.machine.Assembler;
import io.whetstone.tensor.DType;
import io.whetstone.tensor.Tensor;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Products y = x Wᵀ with a quantised weight, straight from its blocks.
 *
 * <p>Some elements of 64 rows of W at a time are decoded to where they stay in the cache ({@link
 * BlockTiles}), and multiplied with all rows of x ({@link PairRows}). A sum is the chain of fused
 * multiply-adds that {@link Gemm}'s product of the decoded weight is, in the same order and with
 * the same cuts, which {@link BlockCheck} finds out.
 */
final class BlockProducts {
  /** Outputs of a unit of work. */
  private static final int UNIT = PairMatrix.COLUMNS;

  /** Elements that are decoded of a row at once: whole blocks of each type. */
  private static final int PIECE = 256;

  private static final long TILE = BlockTiles.STEP * PIECE;

  /** Of a few rows at the weight's end, copied so that there are sixteen: the largest blocks'. */
  private static final long COPIES = BlockTiles.ROWS * DType.Q8_0.bytes(PIECE);

  /** The decoded piece, the sums of a chunk and the totals, the copies. */
  private static final long TASK_BYTES = TILE + 2 * PairRows.TOTALS + COPIES;

  /** Rows that are so many bytes apart would meet in the first cache, if they are many. */
  private static final int MEETING = 4096;

  private static final int APART = 6;

  private static final int TASKS_PER_THREAD = 4;

  /** Weights that are worth a task of their own. */
  private static final long WORTHWHILE = 1 << 14;

  /**
   * What is multiplied.
   *
   * @param weight [n, k] of blocks
   * @param compute of x; to it weights are rounded
   * @param x rows [k] one after the other
   * @param y where y's rows begin, {@code yColumns} elements apart
   * @param chunk elements of k whose sum starts from 0; the chunks' sums are added in order
   */
  record Product(
      Tensor weight, DType compute, long x, long y, int yColumns, int chunk, Result result) {}

  /**
   * Rows of x as a kernel wants them.
   *
   * @param element bytes of one
   * @param row bytes from a row to the next
   */
  private record Factors(PairRows kernel, long address, int element, long row) {}

  private final Workers workers;
  private final BlockTiles tiles;
  private final PairRows floats;
  private final PairRows pairs;
  private final SingleRow single;
  private final Scratch copied = new Scratch();
  private final Scratch own = new Scratch();
  private final Map<BlockCheck.Form, Integer> chunks = new ConcurrentHashMap<>();

  /**
   * @param pairs multiply BF16 with the bits of the decoded weight's products
   */
  BlockProducts(Workers workers, BlockTiles tiles, PairRows floats, PairRows pairs) {
    this.workers = workers;
    this.tiles = tiles;
    this.floats = floats;
    this.pairs = pairs;
    this.single = new SingleRow(workers, tiles);
  }

  /**
   * The chunks of k with which a weight's products have the bits of the decoded weight's; 0 where
   * there are none.
   */
  int chunk(BlockCheck.Form form, QuantizedPanels panels) {
    Integer known = chunks.get(form);
    if (known == null) {
      known = new BlockCheck(form, panels, this).chunk();
      chunks.put(form, known);
    }
    return known;
  }

  /** With more rows decoding whole panels, for the fastest products there are, takes less time. */
  int mostRows() {
    return tiles.mostRows();
  }

  /** Tasks of so many units of work on a weight. */
  static int tasks(Workers workers, Tensor weight, int units) {
    int most = workers.threads() == 1 ? 1 : TASKS_PER_THREAD * workers.threads();
    long worthwhile = Math.max(1, weight.size() / WORTHWHILE);
    return (int) Math.min(Math.min(units, most), worthwhile);
  }

  /** Multiplies any number of rows. */
  void multiply(Product of, int rows) {
    if (rows == 1 && single.possible(of)) {
      single.multiply(of);
      return;
    }
    Factors x = factors(of, rows);
    int n = of.weight.rows();
    // Each batch of rows decodes the weight again, which takes little beside so many products.
    int batches = (rows + PairRows.SUMS - 1) / PairRows.SUMS;
    int units = (n + UNIT - 1) / UNIT * batches;
    int tasks = tasks(workers, of.weight, units);
    long room = own.reserve(TASK_BYTES * tasks);
    workers.run(
        tasks,
        task -> {
          int begin = (int) ((long) units * task / tasks);
          int last = (int) ((long) units * (task + 1) / tasks);
          fetch(of.weight, begin / batches * UNIT);
          for (int unit = begin; unit < last; unit++) {
            int batch = unit % batches;
            int row = rows * batch / batches;
            int end = rows * (batch + 1) / batches;
            outputs(of, x, row, end, unit / batches * UNIT, room + TASK_BYTES * task);
          }
        });
  }

  /** The first unit of a task, which no unit before has asked for. */
  private void fetch(Tensor weight, int first) {
    long rowBytes = weight.dtype().bytes(weight.columns());
    int width = Math.min(UNIT, weight.rows() - first);
    tiles.fetch(Memory.address(weight) + rowBytes * first, rowBytes * width);
  }

  private Factors factors(Product of, int rows) {
    PairRows kernel = of.compute == DType.F32 ? floats : pairs;
    int k = of.weight.columns();
    int element = kernel.factorBytes();
    boolean meets = rows > APART && (long) element * k % MEETING == 0;
    long row = (long) element * k + (meets ? Assembler.VECTOR : 0);
    if (element == of.compute.bytes() && !meets) {
      return new Factors(kernel, of.x, element, row);
    }
    long from = (long) of.compute.bytes() * k;
    long x = copied.reserve(row * rows);
    Ranges.run(
        workers,
        rows,
        k,
        1,
        (first, last) -> {
          for (int r = first; r < last; r++) {
            if (element == of.compute.bytes()) {
              Memory.copy(of.x + from * r, x + row * r, from);
            } else {
              Bfloat16.widen(of.x + from * r, x + row * r, k);
            }
          }
        });
    return new Factors(kernel, x, element, row);
  }

  /** The outputs [first, first + 64), or as many as there are, of the rows [row, end). */
  private void outputs(Product of, Factors x, int row, int end, int first, long room) {
    int k = of.weight.columns();
    for (int piece = 0; piece < k; piece += PIECE) {
      int pieceEnd = Math.min(k, piece + PIECE);
      decode(of, first, piece, pieceEnd - piece, room);
      int to;
      for (int from = piece; from < pieceEnd; from = to) {
        to = Math.min(pieceEnd, (from / of.chunk + 1) * of.chunk);
        long steps = room + BlockTiles.STEP * ((from - piece) / BlockTiles.elements(of.compute));
        multiply(of, x, row, end, first, steps, from, to, room + TILE);
      }
    }
    int width = of.weight.rows() - first;
    if (width < UNIT) {
      for (int r = row; r < end; r++) {
        long totals = room + TILE + PairRows.TOTALS + PairRows.SUMS_ROW * (r - row);
        PairRows.settle(totals, y(of, r, first), width, of.result);
      }
    }
  }

  private static long y(Product of, int row, int first) {
    return of.y + of.result.bytes() * ((long) of.yColumns * row + first);
  }

  /** The elements [from, to) of k, which are of one chunk. */
  private static void multiply(
      Product of, Factors x, int row, int end, int first, long steps, int from, int to, long sums) {
    int k = of.weight.columns();
    int count = (to - from) / BlockTiles.elements(of.compute);
    boolean begins = from % of.chunk == 0;
    boolean ends = to == k || to % of.chunk == 0;
    Result result = to == k && of.weight.rows() - first >= UNIT ? of.result : null;
    int groups = (end - row + x.kernel.most() - 1) / x.kernel.most();
    for (int group = 0; group < groups; group++) {
      int r = (end - row) * group / groups;
      int rows = (end - row) * (group + 1) / groups - r;
      long factors = x.address + x.row * (row + r) + (long) x.element * from;
      long own = sums + PairRows.SUMS_ROW * r;
      if (ends) {
        x.kernel.last(
            rows,
            factors,
            x.row,
            steps,
            count,
            own,
            begins,
            false,
            from >= of.chunk,
            result,
            y(of, row + r, first),
            (long) of.result.bytes() * of.yColumns);
      } else {
        x.kernel.part(rows, factors, x.row, steps, count, own, begins, false);
      }
    }
  }

  /** A piece of the outputs [first, first + 64), or as many as there are. */
  private void decode(Product of, int first, int piece, int count, long room) {
    DType type = of.weight.dtype();
    long rowBytes = type.bytes(of.weight.columns());
    long bytes = type.bytes(count);
    long unit = Memory.address(of.weight) + rowBytes * first;
    int width = Math.min(UNIT, of.weight.rows() - first);
    for (int at = 0; at < width; at += BlockTiles.ROWS) {
      long from = unit + rowBytes * at + type.bytes(piece);
      long row = rowBytes;
      if (width - at < BlockTiles.ROWS) {
        long copies = room + TILE + 2 * PairRows.TOTALS;
        copy(from, rowBytes, width - at, copies, bytes);
        from = copies;
        row = bytes;
      }
      // The same share of the next unit, which lies in memory as it will be read.
      long ahead = unit + rowBytes * (UNIT + at) + BlockTiles.ROWS * type.bytes(piece);
      tiles.decode(type, of.compute, from, row, count, room + 4L * at, ahead);
    }
  }

  /** Rows that there are; the others are 0. */
  private static void copy(long from, long row, int rows, long to, long bytes) {
    for (int r = 0; r < rows; r++) {
      Memory.copy(from + row * r, to + bytes * r, bytes);
    }
    Memory.zero(to + bytes * rows, bytes * (BlockTiles.ROWS - rows));
  }
}
