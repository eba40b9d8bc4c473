package io.whetstone.cpu;

import static io.whetstone.cpu.Memory.LANES;
import static io.whetstone.cpu.Memory.SPECIES;
import static io.whetstone.cpu.TileLayout.POSITIONS;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Attention of up to 16 query vectors over tiles of keys and values; for one thread.
 *
 * <p>A query's arithmetic, whatever stands beside it: s_j = scale · (chain of fma over dimensions);
 * m = max_j s_j; p_j = exp(s_j − m); Σ p by lanes j mod LANES, then a tree; out = (chain of fma
 * over j of p_j v_j) · (1 / Σ p); logSumExp = m + log Σ p. Queries are taken four at a time where
 * they see the same tiles, which only saves loads.
 */
final class AttentionBlock {
  static final int CAPACITY = 16;

  private static final int TOGETHER = 4;

  /** Tiles of keys or values that all queries of a block pass over before the next ones: cache. */
  private static final int PASS = 8;

  private static final int VECTORS_PER_TILE = POSITIONS / LANES;

  private final TileLayout layout;
  private final float scale;
  private final long base;
  private final long tileStride;
  private final Scratch scratch;

  private final long[] query = new long[CAPACITY];
  private final long[] out = new long[CAPACITY];
  private final long[] logSumExp = new long[CAPACITY];
  private final int[] visible = new int[CAPACITY];
  private final int[][] tiles = new int[CAPACITY][];
  private int count;

  // Where the rows of scores and the sums of values begin, and the bytes from row to row.
  private long scores;
  private long scoreStep;
  private long sums;

  // For each row: its largest score; Σ exp by lanes; Σ exp, and what follows from it.
  private final float[] maxes = new float[CAPACITY];
  private final float[] lanes = new float[CAPACITY * LANES];
  private final float[] totals = new float[CAPACITY];
  private final float[] inverses = new float[CAPACITY];

  /**
   * @param base address of tile 0
   * @param tileStride bytes from a tile to the next
   */
  AttentionBlock(TileLayout layout, float scale, long base, long tileStride, Scratch scratch) {
    this.layout = layout;
    this.scale = scale;
    this.base = base;
    this.tileStride = tileStride;
    this.scratch = scratch;
  }

  /**
   * Adds a query, after computing those before it when the block is full.
   *
   * @param query address of the query vector
   * @param out address of its result
   * @param logSumExp address of its log Σ exp, or 0 for none
   * @param visible how many positions it sees, ≥ 1
   * @param tiles numbers of the tiles these lie in
   */
  void add(long query, long out, long logSumExp, int visible, int[] tiles) {
    if (count == CAPACITY) {
      flush();
    }
    this.query[count] = query;
    this.out[count] = out;
    this.logSumExp[count] = logSumExp;
    this.visible[count] = visible;
    this.tiles[count] = tiles;
    count++;
  }

  /** Computes what was added, and forgets it. */
  void flush() {
    if (count == 0) {
      return;
    }
    int longest = 0;
    for (int i = 0; i < count; i++) {
      longest = Math.max(longest, visible[i]);
    }
    int last = TileLayout.tiles(longest);
    // Four vectors are scored at once, so up to three tiles more are written, and never read.
    scoreStep = 4L * POSITIONS * (last + 3);
    scores = scratch.reserve((scoreStep + layout.rowBytes()) * CAPACITY);
    sums = scores + scoreStep * CAPACITY;
    for (int from = 0; from < last; from += PASS) {
      for (int first = 0; first < count; first += TOGETHER) {
        score(first, Math.min(count, first + TOGETHER), from, from + PASS);
      }
    }
    softmax();
    total();
    logSumExp();
    Memory.zero(sums, layout.rowBytes() * count);
    for (int from = 0; from < last; from += PASS) {
      for (int first = 0; first < count; first += TOGETHER) {
        addValues(first, Math.min(count, first + TOGETHER), from, from + PASS);
      }
    }
    for (int i = 0; i < count; i++) {
      finish(i);
    }
    Arrays.fill(tiles, 0, count, null);
    count = 0;
  }

  /** Leading tiles that queries [first, end) have in common. */
  private int common(int first, int end) {
    if (end - first == 1) {
      return 0;
    }
    int shortest = visible[first];
    int longest = shortest;
    boolean same = true;
    for (int i = first + 1; i < end; i++) {
      shortest = Math.min(shortest, visible[i]);
      longest = Math.max(longest, visible[i]);
      same &= tiles[i] == tiles[first];
    }
    if (same) {
      return TileLayout.tiles(longest);
    }
    int limit = TileLayout.tiles(shortest);
    for (int i = first + 1; i < end; i++) {
      int mismatch = Arrays.mismatch(tiles[first], 0, limit, tiles[i], 0, limit);
      limit = mismatch < 0 ? limit : mismatch;
    }
    return limit;
  }

  private void score(int first, int end, int fromTile, int toTile) {
    int common = common(first, end);
    int split = Math.max(fromTile, Math.min(toTile, common));
    if (fromTile < split) {
      // Fewer than four rows: the last stands in for those that are missing.
      int second = Math.min(first + 1, end - 1);
      int third = Math.min(first + 2, end - 1);
      int fourth = end - 1;
      int[] shared = tiles[longest(first, end)];
      int stop = split * VECTORS_PER_TILE;
      for (int v = fromTile * VECTORS_PER_TILE; v < stop; v += 2) {
        TileProducts.dots4(
            query[first],
            query[second],
            query[third],
            query[fourth],
            keys(shared, v),
            keys(shared, Math.min(v + 1, stop - 1)),
            layout.size(),
            scale,
            score(first, v),
            score(second, v),
            score(third, v),
            score(fourth, v));
      }
    }
    for (int i = first; i < end; i++) {
      int stop = Math.min(toTile, TileLayout.tiles(visible[i])) * VECTORS_PER_TILE;
      for (int v = split * VECTORS_PER_TILE; v < stop; v += 4) {
        TileProducts.dots1(
            query[i],
            keys(tiles[i], v),
            keys(tiles[i], Math.min(v + 1, stop - 1)),
            keys(tiles[i], Math.min(v + 2, stop - 1)),
            keys(tiles[i], Math.min(v + 3, stop - 1)),
            layout.size(),
            scale,
            score(i, v));
      }
    }
  }

  /**
   * Turns the rows of scores into exp(s − max), 0 beyond what is visible in the last vector.
   *
   * <p>In loops over the rows one after another, as each by itself is a long chain of dependences.
   */
  private void softmax() {
    for (int i = 0; i < count; i++) {
      maxes[i] = max(i);
    }
    for (int i = 0; i < count; i++) {
      exponentials(i);
    }
  }

  /** Sums the exponentials of each row, and inverts the sums. */
  private void total() {
    for (int i = 0; i < count; i++) {
      totals[i] = VectorMath.sum(FloatVector.fromArray(SPECIES, lanes, LANES * i));
    }
    for (int i = 0; i < count; i++) {
      inverses[i] = 1 / totals[i];
    }
  }

  /** Writes the rows' log Σ exp to where they are wanted. */
  private void logSumExp() {
    for (int i = 0; i < count; i++) {
      if (logSumExp[i] != 0) {
        Memory.set(logSumExp[i], maxes[i] + VectorMath.log(totals[i]));
      }
    }
  }

  private float max(int i) {
    int seen = visible[i];
    long row = scores + scoreStep * i;
    long last = row + 4L * ((seen - 1) / LANES * LANES);
    // A score of −∞ weighs exactly 0, so that no loop needs a mask.
    FloatVector lowest = FloatVector.broadcast(SPECIES, Float.NEGATIVE_INFINITY);
    FloatVector most =
        Memory.load(last).blend(lowest, VectorMath.lanesFrom((seen - 1) % LANES + 1));
    Memory.store(most, last);
    for (long at = row; at < last; at += 4L * LANES) {
      FloatVector next = Memory.load(at);
      most = most.blend(next, next.compare(VectorOperators.GT, most));
    }
    return VectorMath.max(most);
  }

  private void exponentials(int i) {
    long row = scores + scoreStep * i;
    long end = row + 4L * visible[i];
    FloatVector max = FloatVector.broadcast(SPECIES, maxes[i]);
    FloatVector sum = FloatVector.zero(SPECIES);
    for (long at = row; at < end; at += 4L * LANES) {
      FloatVector p = VectorMath.exp(Memory.load(at).sub(max));
      Memory.store(p, at);
      sum = sum.add(p);
    }
    sum.intoArray(lanes, LANES * i);
  }

  private void addValues(int first, int end, int fromTile, int toTile) {
    int common = common(first, end);
    int together = common == 0 ? 0 : shortest(first, end);
    int split = Math.max(fromTile, Math.min(toTile, Math.min(common, TileLayout.tiles(together))));
    int second = Math.min(first + 1, end - 1);
    int third = Math.min(first + 2, end - 1);
    int fourth = end - 1;
    for (int t = fromTile; t < split; t++) {
      int positions = Math.min(POSITIONS, together - t * POSITIONS);
      long rows = values(tiles[first], t);
      int v = t * VECTORS_PER_TILE;
      for (long c = 0; c < layout.rowBytes(); c += 8L * LANES) {
        TileProducts.accumulate4(
            sum(first) + c,
            sum(second) + c,
            sum(third) + c,
            sum(fourth) + c,
            score(first, v),
            score(second, v),
            score(third, v),
            score(fourth, v),
            4,
            rows + c,
            layout.rowBytes(),
            positions);
      }
    }
    // What only some of the rows see: the last keys, or all from where the tiles differ.
    int from = Math.max(fromTile * POSITIONS, Math.min(together, common * POSITIONS));
    for (int i = first; i < end; i++) {
      int stop = Math.min(toTile * POSITIONS, visible[i]);
      for (int j = from; j < stop; j = (j / POSITIONS + 1) * POSITIONS) {
        int tile = j / POSITIONS;
        long rows = values(tiles[i], tile) + layout.rowBytes() * (j % POSITIONS);
        int positions = Math.min(stop, (tile + 1) * POSITIONS) - j;
        for (long c = 0; c < layout.rowBytes(); c += 8L * LANES) {
          TileProducts.accumulate1(
              sum(i) + c, scores + scoreStep * i + 4L * j, rows + c, layout.rowBytes(), positions);
        }
      }
    }
  }

  private void finish(int i) {
    int size = layout.size();
    FloatVector inverse = FloatVector.broadcast(SPECIES, inverses[i]);
    for (int d = 0; d < size; d += LANES) {
      FloatVector value = Memory.load(sum(i) + 4L * d).mul(inverse);
      if (d + LANES <= size) {
        Memory.store(value, out[i] + 4L * d);
      } else {
        Memory.store(value, out[i] + 4L * d, SPECIES.indexInRange(d, size));
      }
    }
  }

  private int shortest(int first, int end) {
    int shortest = visible[first];
    for (int i = first + 1; i < end; i++) {
      shortest = Math.min(shortest, visible[i]);
    }
    return shortest;
  }

  /** The query that sees most. */
  private int longest(int first, int end) {
    int longest = first;
    for (int i = first + 1; i < end; i++) {
      longest = visible[i] > visible[longest] ? i : longest;
    }
    return longest;
  }

  /** Address of the v-th vector of keys of a sequence. */
  private long keys(int[] tiles, int v) {
    long tile = base + tileStride * tiles[v / VECTORS_PER_TILE];
    return tile + 4L * LANES * (v % VECTORS_PER_TILE);
  }

  private long values(int[] tiles, int tile) {
    return base + tileStride * tiles[tile] + layout.keyBytes();
  }

  private long score(int i, int v) {
    return scores + scoreStep * i + 4L * LANES * v;
  }

  private long sum(int i) {
    return sums + layout.rowBytes() * i;
  }
}
