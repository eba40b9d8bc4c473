package io.whetstone.cpu;

import static io.whetstone.cpu.Memory.LANES;
import static io.whetstone.cpu.Memory.SPECIES;

import io.whetstone.tensor.DType;
import io.whetstone.tensor.Tensor;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * Products y = x Wᵀ of a few rows with a quantised weight, straight from its blocks.
 *
 * <p>Some elements of 32 rows of W at a time are decoded to where they stay in the cache, turned so
 * that outputs lie beside each other, and multiplied. A sum is the chain of fused multiply-adds
 * that {@link Gemm}'s product of the decoded weight is, in the same order and with the same cuts,
 * which {@link BlockCheck} finds out; BF16 takes the odd element of a pair first, as {@link
 * PairRows} does.
 */
final class BlockProducts {
  /** With more rows it pays to decode whole panels for the fastest products there are. */
  static final int MOST_ROWS = 32;

  /** Outputs of a unit of work. */
  private static final int UNIT = 2 * FloatTiles.COLUMNS;

  /** Elements that are decoded of a row at once: whole blocks of each type. */
  private static final int PIECE = 256;

  /** From a decoded row to the next: not a power of two, which would meet in the cache. */
  private static final long DECODED_ROW = 4L * PIECE + 64;

  private static final long TILE_BLOCK = 4L * FloatTiles.COLUMNS * PIECE;
  private static final long TILE_STEP = 4L * FloatTiles.COLUMNS;
  private static final long SUMS_ROW = 4L * UNIT;
  private static final long SUMS = SUMS_ROW * MOST_ROWS;

  /** Decoded rows, the tile of them, sums of a chunk and totals. */
  private static final long TASK_BYTES =
      DECODED_ROW * FloatTiles.COLUMNS + 2 * TILE_BLOCK + 2 * SUMS;

  private static final int TASKS_PER_THREAD = 4;

  /** Weights that are worth a task of their own. */
  private static final long WORTHWHILE = 1 << 14;

  private static final VectorSpecies<Integer> INTS = SPECIES.withLanes(int.class);
  private static final int UPPER = 0xffff0000;
  private static final int NOT_A_NUMBER = 0x7fc00000;

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

  private final Workers workers;
  private final FloatTiles tiles;
  private final Scratch widened = new Scratch();
  private final Scratch own = new Scratch();
  private final Map<BlockCheck.Form, Integer> chunks = new ConcurrentHashMap<>();

  BlockProducts(Workers workers, FloatTiles tiles) {
    this.workers = workers;
    this.tiles = tiles;
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

  /**
   * Multiplies.
   *
   * @param rows from 1 to {@link #MOST_ROWS}
   */
  void multiply(Product of, int rows) {
    int k = of.weight.columns();
    int n = of.weight.rows();
    long x = of.compute == DType.F32 ? of.x : swapped(of.x, (long) rows * k);
    int units = (n + UNIT - 1) / UNIT;
    int most = workers.threads() == 1 ? 1 : TASKS_PER_THREAD * workers.threads();
    long worthwhile = Math.max(1, (long) n * k / WORTHWHILE);
    int tasks = (int) Math.min(Math.min(units, most), worthwhile);
    long room = own.reserve(TASK_BYTES * tasks);
    workers.run(
        tasks,
        task -> {
          int last = (int) ((long) units * (task + 1) / tasks);
          for (int unit = (int) ((long) units * task / tasks); unit < last; unit++) {
            outputs(of, x, rows, unit * UNIT, room + TASK_BYTES * task);
          }
        });
  }

  /** The outputs [first, first + 32), or as many as there are. */
  private void outputs(Product of, long x, int rows, int first, long room) {
    int k = of.weight.columns();
    int width = Math.min(UNIT, of.weight.rows() - first);
    int blocks = (width + FloatTiles.COLUMNS - 1) / FloatTiles.COLUMNS;
    long tile = room + DECODED_ROW * FloatTiles.COLUMNS;
    long sums = tile + 2 * TILE_BLOCK;
    long totals = sums + SUMS;
    for (int piece = 0; piece < k; piece += PIECE) {
      int count = Math.min(PIECE, k - piece);
      for (int block = 0; block < blocks; block++) {
        int at = FloatTiles.COLUMNS * block;
        decode(of, first + at, Math.min(FloatTiles.COLUMNS, width - at), piece, count, room);
        tiles.transpose(room, DECODED_ROW, count, tile + TILE_BLOCK * block);
      }
      int end;
      for (int from = piece; from < piece + count; from = end) {
        int chunkEnd = Math.min(k, (from / of.chunk + 1) * of.chunk);
        end = Math.min(piece + count, chunkEnd);
        tiles.multiplyRows(
            rows,
            blocks,
            x + 4L * from,
            4L * k,
            4,
            tile + TILE_STEP * (from - piece),
            TILE_STEP,
            TILE_BLOCK,
            end - from,
            sums,
            SUMS_ROW,
            from % of.chunk == 0 ? FloatTiles.Sum.NEW : FloatTiles.Sum.CONTINUED);
        if (end == chunkEnd) {
          add(sums, totals, rows, chunkEnd <= of.chunk);
        }
      }
    }
    for (int r = 0; r < rows; r++) {
      long row = of.y + of.result.bytes() * ((long) of.yColumns * r + first);
      PairRows.settle(totals + SUMS_ROW * r, row, width, of.result);
    }
  }

  private static void add(long sums, long totals, int rows, boolean first) {
    if (first) {
      Memory.copy(sums, totals, SUMS_ROW * rows);
    } else {
      Rows.addColumns(sums, totals, 0, UNIT * rows);
    }
  }

  /** Elements of 16 rows as F32 at {@code to}; rows that there are not are 0. */
  private static void decode(Product of, int first, int rows, int from, int count, long to) {
    DType type = of.weight.dtype();
    long row = Memory.address(of.weight) + type.bytes(from);
    for (int r = 0; r < rows; r++) {
      long target = to + DECODED_ROW * r;
      BlockRows.decode(type, row + type.bytes(of.weight.columns()) * (first + r), target, count);
      if (of.compute == DType.BF16) {
        round(target, count);
      }
    }
    for (int r = rows; r < FloatTiles.COLUMNS; r++) {
      Memory.zero(to + DECODED_ROW * r, 4L * count);
    }
  }

  /** Rounds to bfloat16 as {@link Bfloat16#round} does, kept as F32, the odd of each pair first. */
  private static void round(long at, int count) {
    for (int i = 0; i < count; i += LANES) {
      FloatVector value = Memory.load(at + 4L * i);
      IntVector bits = value.reinterpretAsInts();
      IntVector odd = bits.lanewise(VectorOperators.LSHR, 16).and(1);
      IntVector rounded = bits.add(odd).add(0x7fff).and(UPPER);
      IntVector kept = rounded.blend(NOT_A_NUMBER, value.test(VectorOperators.IS_NAN).cast(INTS));
      Memory.store(swapped(kept), at + 4L * i);
    }
  }

  private static FloatVector swapped(IntVector pairs) {
    return pairs
        .reinterpretAsLongs()
        .lanewise(VectorOperators.ROR, Integer.SIZE)
        .reinterpretAsFloats();
  }

  /** Rows of BF16 as F32, the odd of each pair first. */
  private long swapped(long x, long count) {
    long to = widened.reserve(4 * count);
    Bfloat16.widen(x, to, count);
    for (long i = 0; i < count; i += LANES) {
      Memory.store(swapped(Memory.load(to + 4 * i).reinterpretAsInts()), to + 4 * i);
    }
    return to;
  }
}
