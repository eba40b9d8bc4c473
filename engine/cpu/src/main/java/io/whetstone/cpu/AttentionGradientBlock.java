package io.whetstone.cpu;

import static io.whetstone.cpu.Memory.LANES;
import static io.whetstone.cpu.Memory.SPECIES;
import static io.whetstone.cpu.TileLayout.POSITIONS;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/**
 * Gradients of attention for the queries that see one sequence of keys, up to 16 at a time; for one
 * thread.
 *
 * <p>With p_j = exp(s_j − logSumExp) and D = dOut · out: dV_j += p_j dOut; dS_j = scale p_j (dOut ·
 * v_j − D); dQ = Σ_j dS_j k_j; dK_j += dS_j q. Sums over queries are in the order of adding, sums
 * over keys in the order of j.
 */
final class AttentionGradientBlock {
  private static final int CAPACITY = 16;
  private static final int TOGETHER = 4;

  /** Tiles worked on at once, so that all that belongs to them stays in the cache. */
  private static final int PASS = 4;

  private static final int VECTORS_PER_TILE = POSITIONS / LANES;
  private static final long BLOCK = 8L * LANES;

  // From a row of weights to the next; one tile more, so that rows fall on different cache sets.
  private static final long WEIGHT_STEP = 4L * POSITIONS * (PASS + 1);

  private final TileLayout layout;
  private final float scale;
  private final int tileCount;

  // For each tile: keys transposed, keys as rows, values transposed.
  private final long tiles;
  private final long tileBytes;

  private final long dKeys;
  private final long dValues;

  private final long queries;
  private final long dOuts;
  private final long dQueries;
  private final long p;
  private final long dS;

  private final long[] dQuery = new long[CAPACITY];
  private final float[] logSumExp = new float[CAPACITY];
  private final float[] projection = new float[CAPACITY];
  private final int[] visible = new int[CAPACITY];
  private int count;

  /**
   * For a sequence of so many positions, all of which must be {@link #see seen} first.
   *
   * @param address of {@link #bytes} bytes to work in
   */
  AttentionGradientBlock(TileLayout layout, float scale, int positions, long address) {
    this.layout = layout;
    this.scale = scale;
    this.tileCount = TileLayout.tiles(positions);
    this.tileBytes = 2 * layout.keyBytes() + layout.rowsBytes();
    long gradientBytes = layout.rowsBytes() * tileCount;
    long vectorBytes = layout.rowBytes() * CAPACITY;
    long weightBytes = WEIGHT_STEP * CAPACITY;
    this.tiles = address;
    this.dKeys = tiles + tileBytes * tileCount;
    this.dValues = dKeys + gradientBytes;
    this.queries = dValues + gradientBytes;
    this.dOuts = queries + vectorBytes;
    this.dQueries = dOuts + vectorBytes;
    this.p = dQueries + vectorBytes;
    this.dS = p + weightBytes;
    // What is beyond the last position meets weights of 0, so it must be finite.
    Memory.zero(tiles + tileBytes * (tileCount - 1), tileBytes);
    Memory.zero(dKeys, 2 * gradientBytes);
  }

  /** Bytes that a block for so many positions works in. */
  static long bytes(TileLayout layout, int positions) {
    long tileBytes = 2 * layout.keyBytes() + 3 * layout.rowsBytes();
    long queryBytes = 3 * layout.rowBytes() + 2 * WEIGHT_STEP;
    return tileBytes * TileLayout.tiles(positions) + queryBytes * CAPACITY;
  }

  /** Takes the key and value at a position. */
  void see(long key, long value, int position) {
    long tile = tiles + tileBytes * (position / POSITIONS);
    int lane = position % POSITIONS;
    layout.transpose(key, tile, lane);
    layout.row(key, tile + layout.keyBytes() + layout.rowBytes() * lane);
    layout.transpose(value, tile + layout.keyBytes() + layout.rowsBytes(), lane);
  }

  /** Adds a query with its forward's results and gradient; its own gradient goes to dQuery. */
  void add(long query, long out, float logSumExp, long dOut, int visible, long dQuery) {
    if (count == CAPACITY) {
      flush();
    }
    this.dQuery[count] = dQuery;
    this.logSumExp[count] = logSumExp;
    this.projection[count] = VectorMath.dot(dOut, out, layout.size());
    this.visible[count] = visible;
    layout.row(query, queries + layout.rowBytes() * count);
    layout.row(dOut, dOuts + layout.rowBytes() * count);
    count++;
  }

  /** Works off what was added. */
  void flush() {
    if (count == 0) {
      return;
    }
    int last = TileLayout.tiles(longest(0, count));
    Memory.zero(dQueries, layout.rowBytes() * CAPACITY);
    for (int from = 0; from < last; from += PASS) {
      int to = Math.min(last, from + PASS);
      for (int first = 0; first < count; first += TOGETHER) {
        products(first, from, Math.min(to, TileLayout.tiles(longest(first, first + TOGETHER))));
      }
      for (int i = 0; i < count; i++) {
        weigh(i, from * POSITIONS, to * POSITIONS);
      }
      for (int first = 0; first < count; first += TOGETHER) {
        int seen = TileLayout.tiles(longest(first, first + TOGETHER));
        addQueryGradients(first, from, Math.min(to, seen));
      }
      addKeyGradients(p, dOuts, dValues, from, to);
      addKeyGradients(dS, queries, dKeys, from, to);
    }
    for (int i = 0; i < count; i++) {
      copy(dQueries + layout.rowBytes() * i, dQuery[i]);
    }
    count = 0;
  }

  /** s = scale q · k, and dOut · v, in place of p and dS. */
  private void products(int first, int fromTile, int toTile) {
    int stop = toTile * VECTORS_PER_TILE;
    int begin = fromTile * VECTORS_PER_TILE;
    for (int v = begin; v < stop; v += 2) {
      long a = key(v);
      long b = key(Math.min(v + 1, stop - 1));
      long column = 4L * LANES * (v - begin);
      dots(queries, first, a, b, scale, p + column);
      long values = layout.keyBytes() + layout.rowsBytes();
      dots(dOuts, first, a + values, b + values, 1, dS + column);
    }
  }

  /** Fewer than four: the last stands in for those that are missing. */
  private void dots(long rows, int first, long keysA, long keysB, float scale, long out) {
    int second = Math.min(first + 1, count - 1);
    int third = Math.min(first + 2, count - 1);
    int fourth = Math.min(first + 3, count - 1);
    TileProducts.dots4(
        rows + layout.rowBytes() * first,
        rows + layout.rowBytes() * second,
        rows + layout.rowBytes() * third,
        rows + layout.rowBytes() * fourth,
        keysA,
        keysB,
        layout.size(),
        scale,
        out + WEIGHT_STEP * first,
        out + WEIGHT_STEP * second,
        out + WEIGHT_STEP * third,
        out + WEIGHT_STEP * fourth);
  }

  /** Turns products into p and dS, 0 where a query does not see. */
  private void weigh(int i, int from, int to) {
    FloatVector zero = FloatVector.zero(SPECIES);
    FloatVector log = FloatVector.broadcast(SPECIES, logSumExp[i]);
    FloatVector mean = FloatVector.broadcast(SPECIES, projection[i]);
    long ps = p + WEIGHT_STEP * i;
    long ds = dS + WEIGHT_STEP * i;
    int j = from;
    for (; j < Math.min(to, visible[i]); j += LANES) {
      VectorMask<Float> unseen = VectorMath.lanesFrom(visible[i] - j);
      FloatVector weight = VectorMath.exp(Memory.load(ps).sub(log)).blend(zero, unseen);
      FloatVector slope = Memory.load(ds).sub(mean).mul(weight).mul(scale);
      Memory.store(weight, ps);
      Memory.store(slope.blend(zero, unseen), ds);
      ps += 4L * LANES;
      ds += 4L * LANES;
    }
    for (; j < to; j += LANES) {
      Memory.store(zero, ps);
      Memory.store(zero, ds);
      ps += 4L * LANES;
      ds += 4L * LANES;
    }
  }

  private void addQueryGradients(int first, int fromTile, int toTile) {
    long sum = dQueries + layout.rowBytes() * first;
    for (int t = fromTile; t < toTile; t++) {
      long weight = dS + WEIGHT_STEP * first + 4L * POSITIONS * (t - fromTile);
      long keys = tiles + tileBytes * t + layout.keyBytes();
      // Rows beyond the last query are there, and are not read.
      for (long c = 0; c < layout.rowBytes(); c += BLOCK) {
        TileProducts.accumulate4(
            sum + c,
            sum + layout.rowBytes() + c,
            sum + 2 * layout.rowBytes() + c,
            sum + 3 * layout.rowBytes() + c,
            weight,
            weight + WEIGHT_STEP,
            weight + 2 * WEIGHT_STEP,
            weight + 3 * WEIGHT_STEP,
            4,
            keys + c,
            layout.rowBytes(),
            POSITIONS);
      }
    }
  }

  /** sums[j] += Σ_i weights[i, j] rows[i], four positions at a time. */
  private void addKeyGradients(long weights, long rows, long sums, int fromTile, int toTile) {
    for (int j = fromTile * POSITIONS; j < toTile * POSITIONS; j += TOGETHER) {
      long weight = weights + 4L * (j - fromTile * POSITIONS);
      long sum = sums + layout.rowBytes() * j;
      for (long c = 0; c < layout.rowBytes(); c += BLOCK) {
        TileProducts.accumulate4(
            sum + c,
            sum + layout.rowBytes() + c,
            sum + 2 * layout.rowBytes() + c,
            sum + 3 * layout.rowBytes() + c,
            weight,
            weight + 4,
            weight + 8,
            weight + 12,
            WEIGHT_STEP,
            rows + c,
            layout.rowBytes(),
            count);
      }
    }
  }

  /** Gradient of the key at a position, padded. */
  long dKey(int position) {
    return dKeys + layout.rowBytes() * position;
  }

  /** Gradient of the value at a position, padded. */
  long dValue(int position) {
    return dValues + layout.rowBytes() * position;
  }

  /** Copies a padded row to an unpadded one. */
  void copy(long from, long to) {
    int d = 0;
    for (; d <= layout.size() - LANES; d += LANES) {
      Memory.store(Memory.load(from + 4L * d), to + 4L * d);
    }
    for (; d < layout.size(); d++) {
      Memory.set(to + 4L * d, Memory.get(from + 4L * d));
    }
  }

  /** The most that queries [first, end) see. */
  private int longest(int first, int end) {
    int longest = 0;
    for (int i = first; i < Math.min(count, end); i++) {
      longest = Math.max(longest, visible[i]);
    }
    return longest;
  }

  private long key(int v) {
    return tiles + tileBytes * (v / VECTORS_PER_TILE) + 4L * LANES * (v % VECTORS_PER_TILE);
  }
}
