package io.whetstone.cpu;

import static io.whetstone.cpu.TileLayout.POSITIONS;

import io.whetstone.tensor.Heads;
import io.whetstone.tensor.Segments;
import io.whetstone.tensor.Tensor;
import java.util.Arrays;

/**
 * Causal attention over packed sequences.
 *
 * <p>Each task lays the keys and values that some rows of a segment see, the prefix's and then its
 * own, into tiles of one head, and goes over them as over a cache's pages.
 */
final class Attention {
  private final Workers workers;
  private final ThreadLocal<Scratch> tileScratch = ThreadLocal.withInitial(Scratch::new);
  private final ThreadLocal<Scratch> blockScratch = ThreadLocal.withInitial(Scratch::new);

  Attention(Workers workers) {
    this.workers = workers;
  }

  void attention(
      Tensor fused, Heads heads, Segments segments, float scale, Tensor out, Tensor logSumExp) {
    AttentionUnits units = AttentionUnits.of(segments);
    int[] tiles = new int[TileLayout.tiles(units.longest())];
    Arrays.setAll(tiles, t -> t);
    TileLayout layout = TileLayout.of(heads.size());
    FusedRows rows = new FusedRows(heads, Memory.address(fused));
    long outs = Memory.address(out);
    long logs = Memory.address(logSumExp);
    // The last units of a long segment cost most: they go first.
    workers.run(
        units.count() * heads.keyValues(),
        task -> {
          int unit = units.count() - 1 - task / heads.keyValues();
          int head = task % heads.keyValues();
          long base = layOut(layout, rows, units, unit, head);
          AttentionBlock block =
              new AttentionBlock(layout, scale, base, layout.bytes(), blockScratch.get());
          for (int r = units.from()[unit]; r < units.to()[unit]; r++) {
            for (int q = head * heads.group(); q < (head + 1) * heads.group(); q++) {
              block.add(
                  rows.query(r, q),
                  FusedRows.output(heads, outs, r, q),
                  logs + 4L * ((long) r * heads.queries() + q),
                  units.visible(unit, r),
                  tiles);
            }
          }
          block.flush();
        });
  }

  /** Lays what a unit sees into tiles that lie side by side, and returns where. */
  private long layOut(TileLayout layout, FusedRows rows, AttentionUnits units, int unit, int head) {
    int visible = units.visible(unit);
    long base = tileScratch.get().reserve(layout.bytes() * TileLayout.tiles(visible));
    for (int j = 0; j < visible; j++) {
      int r = units.row(unit, j);
      long tile = base + layout.bytes() * (j / POSITIONS);
      layout.store(rows.key(r, head), rows.value(r, head), tile, j % POSITIONS);
    }
    return base;
  }
}
