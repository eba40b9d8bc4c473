package io.whetstone.cpu;

import static io.whetstone.cpu.Memory.LANES;
import static io.whetstone.cpu.Memory.SPECIES;
import static io.whetstone.cpu.TileLayout.POSITIONS;

import io.whetstone.tensor.AttentionForm;
import io.whetstone.tensor.DType;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;

/**
 * Attention of up to 42 query vectors over tiles of keys and values; for one thread, which uses it
 * over and over.
 *
 * <p>A query's arithmetic, whatever stands beside it: products in a chain of fma over dimensions;
 * {@link SoftmaxRows}; out = (chain of fma over positions of p_j v_j) · (1 / Σ p). Queries added
 * one after another that see the same tiles read them together, in {@link FloatTiles}. What only
 * others of such a tile see has the weight 0, which leaves a chain's value as it is.
 */
final class AttentionBlock {
  static final int CAPACITY = 3 * FloatTiles.ROWS;

  /** Tiles of keys or values that all queries of a block pass over before the next ones. */
  private static final int PASS = TileSource.SLOTS;

  private static final int VECTORS_PER_TILE = POSITIONS / LANES;
  private static final int NONE = -1;

  /** Bytes of two blocks of columns. */
  private static final long BLOCKS = 8L * FloatTiles.COLUMNS;

  private final TileSource source = new TileSource();
  private final FloatTiles products;
  private final SoftmaxRows softmax;
  private final Scratch scratch = new Scratch();

  private final long[] query = new long[CAPACITY];
  private final long[] out = new long[CAPACITY];
  private final long[] logSumExp = new long[CAPACITY];
  private final int[] first = new int[CAPACITY];
  private final int[] end = new int[CAPACITY];
  private final int[][] tiles = new int[CAPACITY][];
  private int count;

  /** Whether all queries look their tiles up in one array. */
  private boolean oneSequence;

  private AttentionForm form;
  private DType type;
  private TileLayout layout;

  /** Whether the values of consecutive tiles of a pass lie one after another. */
  private boolean contiguous;

  // Of the queries worked on: the first position of their rows of scores, the bytes from row to
  // row, and where the rows, the queries and the sums of values begin.
  private int origin;
  private int lastTile;
  private long scoreStep;
  private long scores;
  private long queries;
  private long sums;

  // The tiles of a pass that a run of queries sees: their numbers, keys and values.
  private final int[] seen = new int[PASS];
  private final long[] keys = new long[PASS];
  private final long[] values = new long[PASS];

  AttentionBlock(FloatTiles products, SoftmaxKernel softmax) {
    this.products = products;
    this.softmax = new SoftmaxRows(CAPACITY, softmax);
  }

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
    oneSequence = count == 0 || oneSequence && tiles == this.tiles[0];
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
    lastTile = to;
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
    for (int i = 0; i < count; i++) {
      softmax.row(i, scores + scoreStep * i, 0, origin, to * POSITIONS, first[i], end[i]);
    }
    softmax.softmax(form, count);
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
   * result, each of which has all of them in its sequence.
   */
  private int run(int i, int tile) {
    Arrays.fill(seen, NONE);
    if (oneSequence) {
      for (int k = 0; k < PASS; k++) {
        if (tile + k < lastTile) {
          seen[k] = tiles[0][tile + k];
        }
      }
      return count;
    }
    int next = i;
    while (next < count && joins(i, next, tile)) {
      int from = first[next] / POSITIONS;
      int to = TileLayout.tiles(end[next]);
      for (int k = 0; k < PASS; k++) {
        if (tile + k >= from && tile + k < to) {
          seen[k] = tiles[next][tile + k];
        }
      }
      next++;
    }
    return next;
  }

  /**
   * Whether the tiles of a pass that the queries from i on see, and those that one more sees, are
   * tiles of the one more's sequence and of theirs: whatever a weight of 0 meets is then a number
   * of the query's own sequence, and never what a neighbour's memory holds.
   */
  private boolean joins(int i, int more, int tile) {
    int from = first[more] / POSITIONS;
    int to = TileLayout.tiles(end[more]);
    for (int k = 0; k < PASS; k++) {
      if (seen[k] != NONE) {
        if (!holds(more, tile + k, seen[k])) {
          return false;
        }
      } else if (more > i && tile + k >= from && tile + k < to) {
        if (!holds(i, tile + k, tiles[more][tile + k])) {
          return false;
        }
      }
    }
    return true;
  }

  private boolean holds(int q, int index, int tile) {
    return index < tiles[q].length && tiles[q][index] == tile;
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
            score(begin, tile) + 4L * LANES * v);
      }
      return;
    }
    int groups = groups(begin, stop);
    for (int group = 0; group < groups; group++) {
      int i = cut(begin, stop, group, groups);
      int next = cut(begin, stop, group + 1, groups);
      int ends = 0;
      for (int q = i; q < next; q++) {
        ends = Math.max(ends, end[q]);
      }
      int most = Math.min(last, TileLayout.tiles(ends) - tile);
      for (int k = 0; k < most; k += 2) {
        boolean pair = k + 1 < most;
        products.multiply(
            next - i,
            pair ? 2 : 1,
            query(i),
            layout.rowBytes(),
            Float.BYTES,
            keys[k],
            TileLayout.KEY_STEP,
            pair ? keys[k + 1] - keys[k] : 0,
            layout.size(),
            score(i, tile + k),
            scoreStep,
            FloatTiles.Sum.NEW);
      }
    }
  }

  /** Groups of queries that go into one tile of products each. */
  private static int groups(int begin, int stop) {
    return (stop - begin + FloatTiles.ROWS - 1) / FloatTiles.ROWS;
  }

  private static int cut(int begin, int stop, int group, int groups) {
    return begin + (stop - begin) * group / groups;
  }

  private void addValues(int begin, int stop, int tile) {
    for (int k = 0; k < PASS; k++) {
      values[k] = seen[k] == NONE ? 0 : source.values(k, seen[k]);
    }
    int groups = groups(begin, stop);
    for (int group = 0; group < groups; group++) {
      int i = cut(begin, stop, group, groups);
      int next = cut(begin, stop, group + 1, groups);
      if (oneSequence && contiguous) {
        // All that lies between what the first and the last of them see is there.
        int low = Integer.MAX_VALUE;
        int high = 0;
        for (int q = i; q < next; q++) {
          low = Math.min(low, first[q]);
          high = Math.max(high, end[q]);
        }
        low = Math.max(low, tile * POSITIONS);
        add(i, next, low, Math.min(high, (tile + PASS) * POSITIONS), tile);
        continue;
      }
      int from = 0;
      int to = 0;
      for (int k = 0; k < PASS; k++) {
        if (seen[k] == NONE) {
          continue;
        }
        // What any of them sees of this tile: all of it is there.
        int low = Integer.MAX_VALUE;
        int high = 0;
        for (int q = i; q < next; q++) {
          int lowest = Math.max(first[q], (tile + k) * POSITIONS);
          int highest = Math.min(end[q], (tile + k + 1) * POSITIONS);
          if (lowest < highest) {
            low = Math.min(low, lowest);
            high = Math.max(high, highest);
          }
        }
        if (low >= high) {
          continue;
        }
        if (!contiguous || low != to) {
          add(i, next, from, to, tile);
          from = low;
        }
        to = high;
      }
      add(i, next, from, to, tile);
    }
  }

  /** Adds the values at positions [from, to), which lie one after another. */
  private void add(int i, int next, int from, int to, int tile) {
    if (from >= to) {
      return;
    }
    long rows = values[from / POSITIONS - tile] + layout.rowBytes() * (from % POSITIONS);
    for (long c = 0; c < layout.rowBytes(); c += BLOCKS) {
      products.multiply(
          next - i,
          2,
          weight(i, from),
          scoreStep,
          Float.BYTES,
          rows + c,
          layout.rowBytes(),
          BLOCKS / 2,
          to - from,
          sum(i) + c,
          layout.rowBytes(),
          FloatTiles.Sum.CONTINUED);
    }
  }

  private void finish(int i) {
    int size = layout.size();
    FloatVector zero = FloatVector.zero(SPECIES);
    FloatVector inverse = FloatVector.broadcast(SPECIES, softmax.inverse(i));
    for (long at = sum(i); at < sum(i) + layout.rowBytes(); at += 4L * LANES) {
      // A sum of nothing but zeros is +0, whichever of them a tile has added.
      FloatVector.fromMemorySegment(SPECIES, Memory.ALL, at, Memory.ORDER)
          .add(zero)
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

  /** Where a query's products with a tile's keys go. */
  private long score(int i, int tile) {
    return scores + scoreStep * i + 4L * (tile * POSITIONS - origin);
  }

  private long weight(int i, int position) {
    return scores + scoreStep * i + 4L * (position - origin);
  }

  private long sum(int i) {
    return sums + layout.rowBytes() * i;
  }
}
