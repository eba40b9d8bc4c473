package io.whetstone.cpu;

import static io.whetstone.cpu.TileLayout.POSITIONS;

import io.whetstone.tensor.Heads;
import io.whetstone.tensor.Segments;
import io.whetstone.tensor.Tensor;

/**
 * Causal attention over packed sequences.
 *
 * <p>Each task lays the keys and values that some rows of a segment see, the prefix's and then its
 * own, into tiles of one head, and goes over them as over a cache's pages.
 */
final class Attention {
  /** Rows of a segment that a task takes at most; a multiple of what a block holds. */
  private static final int ROWS = 256;

  private final Workers workers;
  private final ThreadLocal<Scratch> tileScratch = ThreadLocal.withInitial(Scratch::new);
  private final ThreadLocal<Scratch> blockScratch = ThreadLocal.withInitial(Scratch::new);

  Attention(Workers workers) {
    this.workers = workers;
  }

  void attention(
      Tensor fused, Heads heads, Segments segments, float scale, Tensor out, Tensor logSumExp) {
    AttentionUnits units = AttentionUnits.of(segments, ROWS);
    int longest = 0;
    for (int u = 0; u < units.count(); u++) {
      longest = Math.max(longest, visible(segments, units, u));
    }
    int[] tiles = AttentionUnits.consecutive(longest);
    int tasks = units.count() * heads.keyValues();
    // The last units of a long segment cost most: they go first.
    workers.run(
        tasks,
        task -> {
          int unit = units.count() - 1 - task / heads.keyValues();
          int head = task % heads.keyValues();
          unit(fused, heads, segments, units, unit, head, tiles, scale, out, logSumExp);
        });
  }

  private void unit(
      Tensor fused,
      Heads heads,
      Segments segments,
      AttentionUnits units,
      int unit,
      int head,
      int[] tiles,
      float scale,
      Tensor out,
      Tensor logSumExp) {
    TileLayout layout = TileLayout.of(heads.size());
    int segment = units.segment()[unit];
    int prefix = segments.prefixLength(segment);
    int start = segments.start()[segment];
    int to = units.to()[unit];
    int seen = visible(segments, units, unit);
    long base = tileScratch.get().reserve(layout.bytes() * TileLayout.tiles(seen));
    int size = heads.size();
    long row = 4L * heads.fusedColumns();
    long keys = Memory.address(fused) + 4L * (heads.queries() + head) * size;
    long values = keys + 4L * heads.keyValues() * size;
    for (int j = 0; j < seen; j++) {
      long r = j < prefix ? segments.prefixStart()[segment] + j : start + j - prefix;
      long tile = base + layout.bytes() * (j / POSITIONS);
      layout.store(keys + row * r, values + row * r, tile, j % POSITIONS);
    }
    AttentionBlock block =
        new AttentionBlock(layout, scale, base, layout.bytes(), blockScratch.get());
    long queries = Memory.address(fused);
    long outs = Memory.address(out);
    long logs = Memory.address(logSumExp);
    for (int r = units.from()[unit]; r < to; r++) {
      for (int q = head * heads.group(); q < (head + 1) * heads.group(); q++) {
        block.add(
            queries + row * r + 4L * q * size,
            outs + 4L * ((long) r * heads.outputColumns() + q * size),
            logs + 4L * ((long) r * heads.queries() + q),
            prefix + r - start + 1,
            tiles);
      }
    }
    block.flush();
  }

  /** Positions that the last row of a unit sees. */
  private static int visible(Segments segments, AttentionUnits units, int unit) {
    int segment = units.segment()[unit];
    return segments.prefixLength(segment) + units.to()[unit] - segments.start()[segment];
  }
}
