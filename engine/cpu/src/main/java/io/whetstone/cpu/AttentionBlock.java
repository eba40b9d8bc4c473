package io.whetstone.cpu;

import static io.whetstone.cpu.Memory.LANES;
import static io.whetstone.cpu.Memory.SPECIES;
import static io.whetstone.cpu.TileLayout.POSITIONS;

import io.whetstone.tensor.AttentionForm;
import io.whetstone.tensor.DType;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;

/**
 * Attention of up to 32 query vectors over tiles of keys and values; for one thread, which uses it
 * over and over.
 *
 * <p>A query's arithmetic, whatever stands beside it: products in a chain of fma over dimensions;
 * {@link SoftmaxRows}; out = (chain of fma over positions of p_j v_j) · (1 / Σ p). Queries added
 * one after another that see the same tiles read them together, four at a time, which only saves
 * loads.
 */
final class AttentionBlock {
  static final int CAPACITY = 32;

  private static final int TOGETHER = 4;

  /** Tiles of keys or values that all queries of a block pass over before the next ones. */
  private static final int PASS = TileSource.SLOTS;

  private static final int VECTORS_PER_TILE = POSITIONS / LANES;
  private static final int NONE = -1;

  private final TileSource source = new TileSource();
  private final SoftmaxRows softmax = new SoftmaxRows(CAPACITY);
  private final Scratch scratch = new Scratch();

  private final long[] query = new long[CAPACITY];
  private final long[] out = new long[CAPACITY];
  private final long[] logSumExp = new long[CAPACITY];
  private final int[] first = new int[CAPACITY];
  private final int[] end = new int[CAPACITY];
  private final int[][] tiles = new int[CAPACITY][];
  private int count;

  private AttentionForm form;
  private DType type;
  private TileLayout layout;

  /** Whether the values of consecutive tiles of a pass lie one after another. */
  private boolean contiguous;

  // Of the queries worked on: the first position of their rows of scores, the bytes from row to
  // row, and where the rows, the queries and the sums of values begin.
  private int origin;
  private long scoreStep;
  private long scores;
  private long queries;
  private long sums;

  // The tiles of a pass that a run of queries sees: their numbers, keys and values.
  private final int[] seen = new int[PASS];
  private final long[] keys = new long[PASS];
  private final long[] values = new long[PASS];

  /** From here on: attention over a cache's pages, narrow where {@code type} is BF16. */
  void overPages(AttentionForm form, DType type, TileLayout layout, long tile, long tileStep) {
    start(form, type, layout);
    contiguous = type == DType.BF16;
    source.pages(layout, type == DType.BF16, tile, tileStep);
  }

  /** From here on: attention over F32 tiles in order, keys and values apart. */
  void overRows(AttentionForm form, DType type, TileLayout layout, long keys, long values) {
    start(form, type, layout);
    contiguous = true;
    source.rows(layout, keys, values);
  }

  private void start(AttentionForm form, DType type, TileLayout layout) {
    this.form = form;
    this.type = type;
    this.layout = layout;
    count = 0;
  }

  /**
   * Adds a query, after computing those before it when the block is full.
   *
   * @param query address of the query vector, of the block's type
   * @param out address of its result, of the block's type
   * @param logSumExp address of its log Σ exp, F32, or 0 for none
   * @param visible how many positions there are up to its own, ≥ 1
   * @param tiles numbers of the tiles these lie in
   */
  void add(long query, long out, long logSumExp, int visible, int[] tiles) {
    if (count == CAPACITY) {
      flush();
    }
    this.query[count] = query;
    this.out[count] = out;
    this.logSumExp[count] = logSumExp;
    this.first[count] = form.firstSeen(visible);
    this.end[count] = visible;
    this.tiles[count] = tiles;
    count++;
  }

  /**
   * Computes what was added, and forgets it.
   *
   * <p>In one long method on purpose: the compiler inlines a short one into whatever task called
   * it, and down there its vectors are too deep to be inlined themselves, and are boxed.
   */
  void flush() {
    if (count == 0) {
      return;
    }
    int from = Integer.MAX_VALUE;
    int to = 0;
    for (int i = 0; i < count; i++) {
      from = Math.min(from, first[i] / POSITIONS);
      to = Math.max(to, TileLayout.tiles(end[i]));
    }
    origin = from * POSITIONS;
    // A pass writes whole tiles, up to three that nobody sees; and an odd number of cache lines, so
    // that rows do not fall on the same cache sets.
    scoreStep = 4L * POSITIONS * ((to - from + PASS) | 1);
    long rowBytes = layout.rowBytes();
    scores =
        scratch.reserve((scoreStep + 2 * rowBytes) * CAPACITY + TileSource.scratchBytes(layout));
    queries = scores + scoreStep * CAPACITY;
    sums = queries + rowBytes * CAPACITY;
    source.scratch(sums + rowBytes * CAPACITY);
    for (int i = 0; i < count; i++) {
      long row = queries + rowBytes * i;
      if (type == DType.F32) {
        Rows.copyColumns(query[i], row, layout.size());
      } else {
        Bfloat16.widen(query[i], row, layout.size());
      }
    }
    for (int tile = from; tile < to; tile += PASS) {
      for (int i = 0; i < count; ) {
        int next = run(i, tile);
        multiply(i, next, tile);
        i = next;
      }
    }
    softmax.softmax(form, count, scores, scoreStep, origin, first, end);
    Memory.zero(sums, layout.rowBytes() * count);
    for (int tile = from; tile < to; tile += PASS) {
      for (int i = 0; i < count; ) {
        int next = run(i, tile);
        addValues(i, next, tile);
        i = next;
      }
    }
    for (int i = 0; i < count; i++) {
      finish(i);
    }
    Arrays.fill(tiles, 0, count, null);
    count = 0;
  }

  /**
   * Fills {@link #seen} with the tiles of a pass that query i sees and those after it up to the
   * result, none of which sees another one in their place.
   */
  private int run(int i, int tile) {
    Arrays.fill(seen, NONE);
    int next = i;
    for (; next < count; next++) {
      int from = first[next] / POSITIONS;
      int to = TileLayout.tiles(end[next]);
      boolean same = true;
      for (int k = 0; k < PASS; k++) {
        if (tile + k >= from && tile + k < to && seen[k] != NONE) {
          same &= seen[k] == tiles[next][tile + k];
        }
      }
      if (!same) {
        break;
      }
      for (int k = 0; k < PASS; k++) {
        if (tile + k >= from && tile + k < to) {
          seen[k] = tiles[next][tile + k];
        }
      }
    }
    return next;
  }

  private void multiply(int begin, int stop, int tile) {
    int any = NONE;
    int last = 0;
    for (int k = 0; k < PASS; k++) {
      if (seen[k] != NONE) {
        keys[k] = source.keys(k, seen[k]);
        any = k;
        last = k + 1;
      }
    }
    if (any == NONE) {
      return;
    }
    // Scores of tiles that are not seen are never read: other keys stand in for theirs.
    for (int k = 0; k < PASS; k++) {
      keys[k] = seen[k] == NONE ? keys[any] : keys[k];
    }
    if (stop - begin == 1) {
      for (int v = 0; v < last * VECTORS_PER_TILE; v += 4) {
        TileProducts.dots1(
            query(begin),
            key(v),
            key(v + 1),
            key(v + 2),
            key(v + 3),
            layout.size(),
            score(begin, tile, v));
      }
      return;
    }
    for (int i = begin; i < stop; i += TOGETHER) {
      // Fewer than four rows: the last stands in for those that are missing.
      int second = Math.min(i + 1, stop - 1);
      int third = Math.min(i + 2, stop - 1);
      int fourth = Math.min(i + 3, stop - 1);
      for (int v = 0; v < last * VECTORS_PER_TILE; v += 2) {
        TileProducts.dots4(
            query(i),
            query(second),
            query(third),
            query(fourth),
            key(v),
            key(v + 1),
            layout.size(),
            score(i, tile, v),
            score(second, tile, v),
            score(third, tile, v),
            score(fourth, tile, v));
      }
    }
  }

  private void addValues(int begin, int stop, int tile) {
    for (int k = 0; k < PASS; k++) {
      values[k] = seen[k] == NONE ? 0 : source.values(k, seen[k]);
    }
    int from = tile * POSITIONS;
    int to = from + PASS * POSITIONS;
    for (int i = begin; i < stop; i += TOGETHER) {
      int end4 = Math.min(i + TOGETHER, stop);
      int core = from;
      int coreEnd = to;
      for (int q = i; q < end4; q++) {
        core = Math.max(core, first[q]);
        coreEnd = Math.min(coreEnd, end[q]);
      }
      if (end4 - i == 1 || core >= coreEnd) {
        for (int q = i; q < end4; q++) {
          addAlone(q, Math.max(from, first[q]), Math.min(to, end[q]), tile);
        }
        continue;
      }
      // What only some of them see is before or after what all see, in the order of positions.
      for (int q = i; q < end4; q++) {
        addAlone(q, Math.max(from, first[q]), core, tile);
      }
      addTogether(i, end4, core, coreEnd, tile);
      for (int q = i; q < end4; q++) {
        addAlone(q, coreEnd, Math.min(to, end[q]), tile);
      }
    }
  }

  private void addTogether(int i, int end4, int from, int to, int tile) {
    int second = Math.min(i + 1, end4 - 1);
    int third = Math.min(i + 2, end4 - 1);
    int fourth = end4 - 1;
    for (int j = from; j < to; ) {
      int next = reach(j, to);
      long rows = value(j, tile);
      for (long c = 0; c < layout.rowBytes(); c += 8L * LANES) {
        TileProducts.accumulate4(
            sum(i) + c,
            sum(second) + c,
            sum(third) + c,
            sum(fourth) + c,
            weight(i, j),
            weight(second, j),
            weight(third, j),
            weight(fourth, j),
            4,
            rows + c,
            layout.rowBytes(),
            next - j);
      }
      j = next;
    }
  }

  private void addAlone(int q, int from, int to, int tile) {
    for (int j = from; j < to; ) {
      int next = reach(j, to);
      long rows = value(j, tile);
      for (long c = 0; c < layout.rowBytes(); c += 8L * LANES) {
        TileProducts.accumulate1(sum(q) + c, weight(q, j), rows + c, layout.rowBytes(), next - j);
      }
      j = next;
    }
  }

  /** The position up to which, from j on, values lie one after another. */
  private int reach(int j, int to) {
    return contiguous ? to : Math.min(to, (j / POSITIONS + 1) * POSITIONS);
  }

  private void finish(int i) {
    int size = layout.size();
    FloatVector inverse = FloatVector.broadcast(SPECIES, softmax.inverse(i));
    for (long at = sum(i); at < sum(i) + layout.rowBytes(); at += 4L * LANES) {
      FloatVector.fromMemorySegment(SPECIES, Memory.ALL, at, Memory.ORDER)
          .mul(inverse)
          .intoMemorySegment(Memory.ALL, at, Memory.ORDER);
    }
    if (type == DType.F32) {
      Rows.copyColumns(sum(i), out[i], size);
    } else {
      Bfloat16.round(sum(i), out[i], size);
    }
    if (logSumExp[i] != 0) {
      Memory.set(logSumExp[i], softmax.logSumExp(i));
    }
  }

  private long query(int i) {
    return queries + layout.rowBytes() * i;
  }

  /** The v-th vector of keys of a pass. */
  private long key(int v) {
    return keys[v / VECTORS_PER_TILE] + 4L * LANES * (v % VECTORS_PER_TILE);
  }

  /** Where the products with the v-th vector of keys of a pass go. */
  private long score(int i, int tile, int v) {
    return scores + scoreStep * i + 4L * (tile * POSITIONS - origin + v * LANES);
  }

  private long weight(int i, int position) {
    return scores + scoreStep * i + 4L * (position - origin);
  }

  private long value(int position, int tile) {
    int k = position / POSITIONS - tile;
    return values[k] + layout.rowBytes() * (position % POSITIONS);
  }

  private long sum(int i) {
    return sums + layout.rowBytes() * i;
  }
}
