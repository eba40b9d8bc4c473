package io.whetstone.cpu;

import static io.whetstone.cpu.TileLayout.POSITIONS;

import io.whetstone.tensor.AttentionForm;
import io.whetstone.tensor.DType;

/**
 * Gradients of attention for the queries that see one sequence of keys, up to 28 at a time; for one
 * thread, which uses it over and over.
 *
 * <p>With p_j = exp(s_j − logSumExp) and D = dOut · out: dV_j += p_j dOut; dS_j = scale p_j (dOut ·
 * v_j − D), times 1 − (s_j / cap)² where logits are capped; dQ = Σ_j dS_j k_j; dK_j += dS_j q. Sums
 * over queries are in the order of adding, sums over keys in the order of j.
 */
final class AttentionGradientBlock {
  private static final int CAPACITY = 2 * FloatTiles.ROWS;

  /** Tiles worked on at once, so that all that belongs to them stays in the cache. */
  private static final int PASS = 4;

  /** Bytes of two blocks of columns. */
  private static final long BLOCKS = 8L * FloatTiles.COLUMNS;

  // From a row of weights to the next; one tile more, so that rows fall on different cache sets.
  private static final long WEIGHT_STEP = 4L * POSITIONS * (PASS + 1);

  private final FloatTiles products;
  private final SoftmaxRows softmax;
  private final Scratch scratch = new Scratch();

  private AttentionForm form;
  private DType type;
  private TileLayout layout;
  private int firstTile;

  // From the first tile on: keys and values as rows, then, tile by tile, transposed.
  private int tileCount;
  private long keyRows;
  private long valueRows;
  private long keys;
  private long values;

  private long dKeys;
  private long dValues;

  private long queries;
  private long dOuts;
  private long outs;
  private long dQueries;
  private long p;
  private long dS;

  private final long[] dQuery = new long[CAPACITY];
  private final float[] logSumExp = new float[CAPACITY];
  private final float[] projection = new float[CAPACITY];
  private final float[] seeingLogs = new float[CAPACITY];
  private final float[] seeingProjections = new float[CAPACITY];
  private final int[] first = new int[CAPACITY];
  private final int[] end = new int[CAPACITY];
  private int count;

  AttentionGradientBlock(FloatTiles products, SoftmaxKernel softmax) {
    this.products = products;
    this.softmax = new SoftmaxRows(CAPACITY, softmax);
  }

  /**
   * From here on: a sequence's positions [from, end), all of which must be {@link #see seen} and
   * then {@link #lay laid} before a query is added.
   */
  void over(AttentionForm form, DType type, TileLayout layout, int from, int end) {
    this.form = form;
    this.type = type;
    this.layout = layout;
    this.firstTile = from / POSITIONS;
    this.count = 0;
    this.tileCount = TileLayout.tiles(end) - firstTile;
    long rowsBytes = layout.rowsBytes() * tileCount;
    long keyBytes = layout.keyBytes() * tileCount;
    long vectorBytes = layout.rowBytes() * CAPACITY;
    long weightBytes = WEIGHT_STEP * CAPACITY;
    this.keyRows =
        scratch.reserve(4 * rowsBytes + 2 * keyBytes + 4 * vectorBytes + 2 * weightBytes);
    this.valueRows = keyRows + rowsBytes;
    this.dKeys = valueRows + rowsBytes;
    this.dValues = dKeys + rowsBytes;
    this.keys = dValues + rowsBytes;
    this.values = keys + keyBytes;
    this.queries = values + keyBytes;
    this.dOuts = queries + vectorBytes;
    this.outs = dOuts + vectorBytes;
    this.dQueries = outs + vectorBytes;
    this.p = dQueries + vectorBytes;
    this.dS = p + weightBytes;
    // What is before the first and beyond the last position meets weights of 0: it must be finite.
    for (long rows = keyRows; rows <= valueRows; rows += rowsBytes) {
      Memory.zero(rows, layout.rowsBytes());
      Memory.zero(rows + layout.rowsBytes() * (tileCount - 1), layout.rowsBytes());
    }
    Memory.zero(dKeys, 2 * rowsBytes);
  }

  /** Takes the key and value at a position. */
  void see(long key, long value, int position) {
    long at = layout.rowBytes() * (position - firstTile * POSITIONS);
    layout.row(type, key, keyRows + at);
    layout.row(type, value, valueRows + at);
  }

  /** Transposes what was seen. */
  void lay() {
    for (int t = 0; t < tileCount; t++) {
      layout.transpose(products, keyRows + layout.rowsBytes() * t, keys + layout.keyBytes() * t);
      layout.transpose(
          products, valueRows + layout.rowsBytes() * t, values + layout.keyBytes() * t);
    }
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
    this.dQuery[count] = dQuery;
    this.logSumExp[count] = logSumExp;
    this.first[count] = form.firstSeen(visible);
    this.end[count] = visible;
    long at = layout.rowBytes() * count;
    layout.row(type, query, queries + at);
    layout.row(type, dOut, dOuts + at);
    layout.row(type, out, outs + at);
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
      int groups = (count + FloatTiles.ROWS - 1) / FloatTiles.ROWS;
      for (int group = 0; group < groups; group++) {
        int i = count * group / groups;
        int next = count * (group + 1) / groups;
        int seen = Math.min(to, tilesSeen(i, next));
        dots(queries, keys, i, next, from, seen, p);
        dots(dOuts, values, i, next, from, seen, dS);
      }
      weigh(from * POSITIONS, to * POSITIONS);
      for (int group = 0; group < groups; group++) {
        int i = count * group / groups;
        int next = count * (group + 1) / groups;
        addQueryGradients(i, next, from, Math.min(to, tilesSeen(i, next)));
      }
      addKeyGradients(p, dOuts, dValues, from, to);
      addKeyGradients(dS, queries, dKeys, from, to);
    }
    for (int i = 0; i < count; i++) {
      copy(dQueries + layout.rowBytes() * i, dQuery[i]);
    }
    count = 0;
  }

  /** q · k or dOut · v, in place of p and dS. */
  private void dots(
      long rows, long transposed, int i, int next, int fromTile, int toTile, long out) {
    for (int t = fromTile; t < toTile; t += 2) {
      products.multiply(
          next - i,
          Math.min(2, toTile - t),
          rows + layout.rowBytes() * i,
          layout.rowBytes(),
          Float.BYTES,
          transposed + layout.keyBytes() * (t - firstTile),
          TileLayout.KEY_STEP,
          layout.keyBytes(),
          layout.size(),
          out + WEIGHT_STEP * i + 4L * POSITIONS * (t - fromTile),
          WEIGHT_STEP,
          FloatTiles.Sum.NEW);
    }
  }

  /** Turns products into p and dS, 0 where a query does not see. */
  private void weigh(int from, int to) {
    int rows = 0;
    for (int i = 0; i < count; i++) {
      int low = Math.max(from, first[i]);
      int high = Math.min(to, end[i]);
      if (low < high) {
        seeingLogs[rows] = logSumExp[i];
        seeingProjections[rows] = projection[i];
        softmax.row(rows++, p + WEIGHT_STEP * i, dS + WEIGHT_STEP * i, from, to, low, high);
      } else {
        Memory.zeroFloats(p + WEIGHT_STEP * i, to - from);
        Memory.zeroFloats(dS + WEIGHT_STEP * i, to - from);
      }
    }
    if (rows > 0) {
      softmax.gradients(form, rows, seeingLogs, seeingProjections);
    }
  }

  private void addQueryGradients(int i, int next, int fromTile, int toTile) {
    if (fromTile >= toTile) {
      return;
    }
    for (long c = 0; c < layout.rowBytes(); c += BLOCKS) {
      products.multiply(
          next - i,
          2,
          dS + WEIGHT_STEP * i,
          WEIGHT_STEP,
          Float.BYTES,
          keyRows + layout.rowsBytes() * (fromTile - firstTile) + c,
          layout.rowBytes(),
          BLOCKS / 2,
          (toTile - fromTile) * POSITIONS,
          dQueries + layout.rowBytes() * i + c,
          layout.rowBytes(),
          FloatTiles.Sum.CONTINUED);
    }
  }

  /** sums[j] += Σ_i weights[i, j] rows[i]. */
  private void addKeyGradients(long weights, long rows, long sums, int fromTile, int toTile) {
    for (long c = 0; c < layout.rowBytes(); c += BLOCKS) {
      products.multiplyRows(
          (toTile - fromTile) * POSITIONS,
          2,
          weights,
          Float.BYTES,
          WEIGHT_STEP,
          rows + c,
          layout.rowBytes(),
          BLOCKS / 2,
          count,
          sums + layout.rowsBytes() * (fromTile - firstTile) + c,
          layout.rowBytes(),
          FloatTiles.Sum.CONTINUED);
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

  /** Tiles up to the last that queries [from, to) see. */
  private int tilesSeen(int from, int to) {
    int most = 0;
    for (int i = from; i < to; i++) {
      most = Math.max(most, end[i]);
    }
    return TileLayout.tiles(most);
  }
}
