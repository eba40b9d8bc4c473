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
 * own, into tiles, and goes over them as over a cache's pages.
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
    units.run(
        workers,
        heads.keyValues(),
        (unit, from, to) -> {
          int visible = units.visible(unit);
          long bytes = layout.bytes() * TileLayout.tiles(visible);
          long base = tileScratch.get().reserve(bytes * (to - from));
          for (int j = 0; j < visible; j++) {
            int r = units.row(unit, j);
            long tile = base + layout.bytes() * (j / POSITIONS);
            for (int head = from; head < to; head++) {
              layout.store(
                  rows.key(r, head),
                  rows.value(r, head),
                  tile + bytes * (head - from),
                  j % POSITIONS);
            }
          }
          AttentionBlock[] blocks = new AttentionBlock[to - from];
          Arrays.setAll(
              blocks,
              h ->
                  new AttentionBlock(
                      layout, scale, base + bytes * h, layout.bytes(), blockScratch.get()));
          for (int r = units.from()[unit]; r < units.to()[unit]; r++) {
            for (int q = from * heads.group(); q < to * heads.group(); q++) {
              blocks[q / heads.group() - from].add(
                  rows.query(r, q),
                  FusedRows.output(heads, outs, r, q),
                  logs + 4L * ((long) r * heads.queries() + q),
                  units.visible(unit, r),
                  tiles);
            }
          }
          for (AttentionBlock block : blocks) {
            block.flush();
          }
        });
  }
}
