package io.whetstone.cpu;

import io.whetstone.tensor.AttentionForm;
import io.whetstone.tensor.CachedRows;
import io.whetstone.tensor.DType;
import io.whetstone.tensor.Heads;
import io.whetstone.tensor.Philox;
import io.whetstone.tensor.Segments;
import io.whetstone.tensor.Shape;
import io.whetstone.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.Arrays;

/** Rows of random queries, keys and values cut into segments, and attention over them. */
final class AttentionCase {
  final Heads heads;
  final Segments segments;
  final DType type;
  final AttentionForm form;
  final Tensor fused;

  /** In F32, without cap and window. */
  AttentionCase(Heads heads, Segments segments, long seed) {
    this(DType.F32, plain(heads), heads, segments, seed);
  }

  AttentionCase(DType type, AttentionForm form, Heads heads, Segments segments, long seed) {
    this.type = type;
    this.form = form;
    this.heads = heads;
    this.segments = segments;
    float[] values = new float[segments.rows() * heads.fusedColumns()];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (1.5 * Philox.normal(seed, i));
    }
    this.fused = tensor(type, values, segments.rows(), heads.fusedColumns());
  }

  static AttentionForm plain(Heads heads) {
    return AttentionForm.scaled((float) (1 / Math.sqrt(heads.size())));
  }

  static Tensor tensor(float[] values, int... extents) {
    return tensor(DType.F32, values, extents);
  }

  static Tensor tensor(DType type, float[] values, int... extents) {
    // One element more, so that no tensor is a null segment. Never freed: kernels work on
    // addresses, which would not keep a tensor of an automatic arena alive.
    long bytes = type.bytes(values.length);
    Tensor tensor =
        new Tensor(
            type, Shape.of(extents), Arena.global().allocate(bytes + 4, 64).asSlice(0, bytes));
    new Elementwise(new TestWorkers(1)).write(tensor, values);
    return tensor;
  }

  static float[] floats(Tensor tensor) {
    return new Elementwise(new TestWorkers(1)).readFloats(tensor);
  }

  /** Bits of the packed attention's result, row by row, with its log-sum-exp's after it. */
  float[][] packed(int threads) {
    return packed(threads, FloatTiles.forThisMachine(), SoftmaxKernel.forThisMachine());
  }

  /** The same by these kernels. */
  float[][] packed(int threads, FloatTiles products, SoftmaxKernel softmax) {
    int rows = segments.rows();
    Tensor out = tensor(type, new float[rows * heads.outputColumns()], rows, heads.outputColumns());
    Tensor logs = tensor(new float[rows * heads.queries()], rows, heads.queries());
    new Attention(new TestWorkers(threads), products, softmax)
        .attention(fused, heads, segments, form, out, logs);
    return new float[][] {floats(out), floats(logs)};
  }

  /**
   * The same by the paged cache: pages are drawn at random, segments share full pages of their
   * prefix, and rows are asked for in batches of at most {@code batch} in the order of {@code
   * order}.
   */
  float[] cached(int threads, int batch, long seed) {
    return cached(
        threads, batch, seed, FloatTiles.forThisMachine(), SoftmaxKernel.forThisMachine());
  }

  /** The same by these kernels. */
  float[] cached(int threads, int batch, long seed, FloatTiles products, SoftmaxKernel softmax) {
    int rows = segments.rows();
    int pages = 0;
    for (int s = 0; s < segments.count(); s++) {
      pages += TileLayout.tiles(segments.prefixLength(s) + segments.end()[s] - segments.start()[s]);
    }
    int[] shuffled = Philox.permutation(seed, pages);
    int[][] table = new int[segments.count()][];
    int[] sequence = new int[rows];
    int[] length = new int[rows];
    float[] result = new float[rows * heads.outputColumns()];
    CachedAttention attention = new CachedAttention(new TestWorkers(threads), products, softmax);
    try (PagedKvCache cache = new PagedKvCache(2, pages, heads, type)) {
      int next = 0;
      for (int s = 0; s < segments.count(); s++) {
        int prefix = segments.prefixLength(s);
        int total = prefix + segments.end()[s] - segments.start()[s];
        table[s] = new int[TileLayout.tiles(total)];
        int shared = 0;
        int owner = owner(s);
        if (owner >= 0 && segments.prefixStart()[s] == segments.start()[owner]) {
          shared = prefix / cache.pageSize();
          System.arraycopy(table[owner], 0, table[s], 0, shared);
        }
        for (int p = shared; p < table[s].length; p++) {
          table[s][p] = shuffled[next++];
        }
        int from = shared * cache.pageSize();
        if (prefix % cache.pageSize() != 0 && from > 0) {
          cache.copyPage(table[owner][shared], table[s][shared]);
          from = prefix;
        }
        for (int j = from; j < total; j++) {
          int row = j < prefix ? segments.prefixStart()[s] + j : segments.start()[s] + j - prefix;
          int slot = table[s][j / cache.pageSize()] * cache.pageSize() + j % cache.pageSize();
          attention.cacheStore(fused.rows(row, row + 1), heads, cache, 1, new int[] {slot});
        }
        for (int r = segments.start()[s]; r < segments.end()[s]; r++) {
          sequence[r] = s;
          length[r] = prefix + r - segments.start()[s] + 1;
        }
      }
      float[] all = floats(fused);
      int[] order = Philox.permutation(seed + 1, rows);
      for (int first = 0; first < rows; first += batch) {
        int[] picked = Arrays.copyOfRange(order, first, Math.min(rows, first + batch));
        Arrays.sort(picked, 0, picked.length / 2);
        cached(attention, cache, table, sequence, length, picked, all, result);
      }
    }
    return result;
  }

  private void cached(
      CachedAttention attention,
      PagedKvCache cache,
      int[][] table,
      int[] sequence,
      int[] length,
      int[] picked,
      float[] all,
      float[] result) {
    int columns = heads.fusedColumns();
    float[] queries = new float[picked.length * columns];
    for (int i = 0; i < picked.length; i++) {
      System.arraycopy(all, picked[i] * columns, queries, i * columns, columns);
    }
    Tensor out =
        tensor(
            type,
            new float[picked.length * heads.outputColumns()],
            picked.length,
            heads.outputColumns());
    attention.cachedAttention(
        tensor(type, queries, picked.length, columns),
        heads,
        cache,
        1,
        new CachedRows(
            table,
            Arrays.stream(picked).map(r -> sequence[r]).toArray(),
            Arrays.stream(picked).map(r -> length[r]).toArray()),
        form,
        out);
    float[] got = floats(out);
    for (int i = 0; i < picked.length; i++) {
      System.arraycopy(
          got,
          i * heads.outputColumns(),
          result,
          picked[i] * heads.outputColumns(),
          heads.outputColumns());
    }
  }

  private int owner(int s) {
    for (int o = 0; o < s; o++) {
      if (segments.prefixLength(s) > 0
          && segments.prefixStart()[s] >= segments.start()[o]
          && segments.prefixEnd()[s] <= segments.end()[o]) {
        return o;
      }
    }
    return -1;
  }

  /** Rows that row r of segment s sees, in order. */
  int[] seen(int s, int r) {
    int prefix = segments.prefixLength(s);
    int[] seen = new int[prefix + r - segments.start()[s] + 1];
    Arrays.setAll(
        seen, j -> j < prefix ? segments.prefixStart()[s] + j : segments.start()[s] + j - prefix);
    return seen;
  }
}
