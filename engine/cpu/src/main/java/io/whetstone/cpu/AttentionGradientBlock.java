package io.whetstone.cpu;

import static io.whetstone.cpu.Memory.LANES;
import static io.whetstone.cpu.Memory.SPECIES;
import static io.whetstone.cpu.TileLayout.POSITIONS;

import io.whetstone.tensor.AttentionForm;
import io.whetstone.tensor.DType;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/**
 * Gradients of attention for the queries that see one sequence of keys, up to 16 at a time; for one
 * thread, which uses it over and over.
 *
 * <p>With p_j = exp(s_j − logSumExp) and D = dOut · out: dV_j += p_j dOut; dS_j = scale p_j (dOut ·
 * v_j − D), times 1 − (s_j / cap)² where logits are capped; dQ = Σ_j dS_j k_j; dK_j += dS_j q. Sums
 * over queries are in the order of adding, sums over keys in the order of j.
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

  private final Scratch scratch = new Scratch();

  private AttentionForm form;
  private DType type;
  private TileLayout layout;
  private int firstTile;

  // For each tile from the first one on: keys transposed, keys as rows, values transposed.
  private long tiles;
  private long tileBytes;

  private long dKeys;
  private long dValues;

  private long queries;
  private long dOuts;
  private long outs;
  private long dQueries;
  private long p;
  private long dS;
  private long work;

  private final long[] dQuery = new long[CAPACITY];
  private final float[] logSumExp = new float[CAPACITY];
  private final float[] projection = new float[CAPACITY];
  private final int[] first = new int[CAPACITY];
  private final int[] end = new int[CAPACITY];
  private int count;

  /**
   * From here on: a sequence's positions [from, end), all of which must be {@link #see seen} before
   * a query is added.
   */
  void over(AttentionForm form, DType type, TileLayout layout, int from, int end) {
    this.form = form;
    this.type = type;
    this.layout = layout;
    this.firstTile = from / POSITIONS;
    this.tileBytes = 2 * layout.keyBytes() + layout.rowsBytes();
    this.count = 0;
    int tileCount = TileLayout.tiles(end) - firstTile;
    long gradientBytes = layout.rowsBytes() * tileCount;
    long vectorBytes = layout.rowBytes() * CAPACITY;
    long weightBytes = WEIGHT_STEP * CAPACITY;
    this.tiles =
        scratch.reserve(
            tileBytes * tileCount
                + 2 * gradientBytes
                + 4 * vectorBytes
                + 2 * weightBytes
                + layout.rowBytes());
    this.dKeys = tiles + tileBytes * tileCount;
    this.dValues = dKeys + gradientBytes;
    this.queries = dValues + gradientBytes;
    this.dOuts = queries + vectorBytes;
    this.outs = dOuts + vectorBytes;
    this.dQueries = outs + vectorBytes;
    this.p = dQueries + vectorBytes;
    this.dS = p + weightBytes;
    this.work = dS + weightBytes;
    // What is before the first and beyond the last position meets weights of 0: it must be finite.
    if (from % POSITIONS != 0) {
      Memory.zero(tiles, tileBytes);
    }
    Memory.zero(tiles + tileBytes * (tileCount - 1), tileBytes);
    Memory.zero(dKeys, 2 * gradientBytes);
  }

  /** Takes the key and value at a position. */
  void see(long key, long value, int position) {
    long tile = tile(position / POSITIONS);
    int lane = position % POSITIONS;
    long keyFloats = Bfloat16.floats(type, key, layout.size(), work);
    layout.transpose(keyFloats, tile, lane);
    layout.row(keyFloats, tile + layout.keyBytes() + layout.rowBytes() * lane);
    long valueFloats = Bfloat16.floats(type, value, layout.size(), work);
    layout.transpose(valueFloats, tile + layout.keyBytes() + layout.rowsBytes(), lane);
  }

  /**
   * Adds a query with its forward's results and gradient; its own gradient goes to dQuery.
   *
   * @param visible how many positions there are up to its own
   */
  void add(long query, long out, float logSumExp, long dOut, int visible, long dQuery) {
    if (count == CAPACITY) {
      flush();
    }
    int size = layout.size();
    this.dQuery[count] = dQuery;
    this.logSumExp[count] = logSumExp;
    this.first[count] = form.firstSeen(visible);
    this.end[count] = visible;
    layout.row(Bfloat16.floats(type, query, size, work), queries + layout.rowBytes() * count);
    long dOutFloats = Bfloat16.floats(type, dOut, size, work);
    layout.row(dOutFloats, dOuts + layout.rowBytes() * count);
    layout.row(Bfloat16.floats(type, out, size, work), outs + layout.rowBytes() * count);
    count++;
  }

  /** Works off what was added; as long as it is for {@link AttentionBlock#flush}'s reason. */
  void flush() {
    if (count == 0) {
      return;
    }
    int begin = first[0];
    int stop = 0;
    for (int i = 0; i < count; i++) {
      begin = Math.min(begin, first[i]);
      stop = Math.max(stop, end[i]);
    }
    for (int i = 0; i < count; i++) {
      long row = layout.rowBytes() * i;
      projection[i] = VectorMath.dot(dOuts + row, outs + row, layout.size());
    }
    int last = TileLayout.tiles(stop);
    Memory.zero(dQueries, layout.rowBytes() * CAPACITY);
    for (int from = begin / POSITIONS; from < last; from += PASS) {
      int to = Math.min(last, from + PASS);
      for (int i = 0; i < count; i += TOGETHER) {
        products(i, from, Math.min(to, tilesSeen(i)));
      }
      for (int i = 0; i < count; i++) {
        weigh(i, from * POSITIONS, to * POSITIONS);
      }
      for (int i = 0; i < count; i += TOGETHER) {
        addQueryGradients(i, from, Math.min(to, tilesSeen(i)));
      }
      addKeyGradients(p, dOuts, dValues, from, to);
      addKeyGradients(dS, queries, dKeys, from, to);
    }
    for (int i = 0; i < count; i++) {
      copy(dQueries + layout.rowBytes() * i, dQuery[i]);
    }
    count = 0;
  }

  /** q · k, and dOut · v, in place of p and dS. */
  private void products(int first, int fromTile, int toTile) {
    int stop = toTile * VECTORS_PER_TILE;
    int begin = fromTile * VECTORS_PER_TILE;
    for (int v = begin; v < stop; v += 2) {
      long a = key(v);
      long b = key(Math.min(v + 1, stop - 1));
      long column = 4L * LANES * (v - begin);
      dots(queries, first, a, b, p + column);
      long values = layout.keyBytes() + layout.rowsBytes();
      dots(dOuts, first, a + values, b + values, dS + column);
    }
  }

  /** Fewer than four: the last stands in for those that are missing. */
  private void dots(long rows, int first, long keysA, long keysB, long out) {
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
        out + WEIGHT_STEP * first,
        out + WEIGHT_STEP * second,
        out + WEIGHT_STEP * third,
        out + WEIGHT_STEP * fourth);
  }

  /** Turns products into p and dS, 0 where a query does not see. */
  private void weigh(int i, int from, int to) {
    long ps = p + WEIGHT_STEP * i;
    long ds = dS + WEIGHT_STEP * i;
    int begin = Math.max(from, first[i] / LANES * LANES);
    int stop = Math.min(to, (end[i] + LANES - 1) / LANES * LANES);
    if (begin >= stop) {
      Memory.zero(ps, 4L * (to - from));
      Memory.zero(ds, 4L * (to - from));
      return;
    }
    Memory.zero(ps, 4L * (begin - from));
    Memory.zero(ds, 4L * (begin - from));
    long shift = 4L * (begin - from);
    if (form.capped()) {
      long last = ps + 4L * (stop - LANES - from);
      SoftmaxRows.cap(form.scale() / form.softCap(), form.softCap(), ps + shift, last);
      weigh(ps + shift, ds + shift, stop - begin, 1, logSumExp[i], projection[i]);
    } else {
      weigh(ps + shift, ds + shift, stop - begin, form.scale(), logSumExp[i], projection[i]);
    }
    hide(ps - 4L * from, ds - 4L * from, begin, stop, first[i], end[i]);
    Memory.zero(ps + 4L * (stop - from), 4L * (to - stop));
    Memory.zero(ds + 4L * (stop - from), 4L * (to - stop));
  }

  private void weigh(long ps, long ds, int positions, float factor, float log, float mean) {
    FloatVector factors = FloatVector.broadcast(SPECIES, factor);
    FloatVector scales = FloatVector.broadcast(SPECIES, form.scale());
    FloatVector logs = FloatVector.broadcast(SPECIES, log);
    FloatVector means = FloatVector.broadcast(SPECIES, mean);
    // What flattens a capped logit: −1 / cap², or 0 for none.
    float bend = form.capped() ? -1 / (form.softCap() * form.softCap()) : 0;
    FloatVector bends = FloatVector.broadcast(SPECIES, bend);
    for (long at = 0; at < 4L * positions; at += 4L * LANES) {
      FloatVector s =
          FloatVector.fromMemorySegment(SPECIES, Memory.ALL, ps + at, Memory.ORDER).mul(factors);
      FloatVector weight = VectorMath.expOfNegative(s.sub(logs));
      FloatVector slope =
          FloatVector.fromMemorySegment(SPECIES, Memory.ALL, ds + at, Memory.ORDER)
              .sub(means)
              .mul(weight)
              .mul(scales);
      FloatVector flat = s.mul(s).fma(bends, FloatVector.broadcast(SPECIES, 1));
      weight.intoMemorySegment(Memory.ALL, ps + at, Memory.ORDER);
      slope.mul(flat).intoMemorySegment(Memory.ALL, ds + at, Memory.ORDER);
    }
  }

  /** Zeroes what is not seen in the vectors at both ends. */
  private static void hide(long ps, long ds, int begin, int stop, int first, int end) {
    if (first > begin) {
      zeroLanesBelow(first - begin, ps + 4L * begin);
      zeroLanesBelow(first - begin, ds + 4L * begin);
    }
    if (end < stop) {
      int last = stop - LANES;
      zeroLanesFrom(end - last, ps + 4L * last);
      zeroLanesFrom(end - last, ds + 4L * last);
    }
  }

  private static void zeroLanesBelow(int lane, long at) {
    VectorMask<Float> kept = VectorMath.lanesFrom(lane);
    FloatVector.zero(SPECIES)
        .blend(FloatVector.fromMemorySegment(SPECIES, Memory.ALL, at, Memory.ORDER), kept)
        .intoMemorySegment(Memory.ALL, at, Memory.ORDER);
  }

  private static void zeroLanesFrom(int lane, long at) {
    VectorMask<Float> hidden = VectorMath.lanesFrom(lane);
    FloatVector.fromMemorySegment(SPECIES, Memory.ALL, at, Memory.ORDER)
        .blend(FloatVector.zero(SPECIES), hidden)
        .intoMemorySegment(Memory.ALL, at, Memory.ORDER);
  }

  private void addQueryGradients(int first, int fromTile, int toTile) {
    long sum = dQueries + layout.rowBytes() * first;
    for (int t = fromTile; t < toTile; t++) {
      long weight = dS + WEIGHT_STEP * first + 4L * POSITIONS * (t - fromTile);
      long keys = tile(t) + layout.keyBytes();
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
      long sum = sums + layout.rowBytes() * (j - firstTile * POSITIONS);
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

  /** Gradient of the key at a position, padded, F32. */
  long dKey(int position) {
    return dKeys + layout.rowBytes() * (position - firstTile * POSITIONS);
  }

  /** Gradient of the value at a position, padded, F32. */
  long dValue(int position) {
    return dValues + layout.rowBytes() * (position - firstTile * POSITIONS);
  }

  /** Copies a padded F32 row to an unpadded one of the block's type. */
  void copy(long from, long to) {
    if (type == DType.F32) {
      Rows.copyColumns(from, to, layout.size());
    } else {
      Bfloat16.round(from, to, layout.size());
    }
  }

  /** Tiles up to the last that queries [first, first + 4) see. */
  private int tilesSeen(int first) {
    int most = 0;
    for (int i = first; i < Math.min(count, first + TOGETHER); i++) {
      most = Math.max(most, end[i]);
    }
    return TileLayout.tiles(most);
  }

  private long tile(int tile) {
    return tiles + tileBytes * (tile - firstTile);
  }

  private long key(int v) {
    return tile(v / VECTORS_PER_TILE) + 4L * LANES * (v % VECTORS_PER_TILE);
  }
}
