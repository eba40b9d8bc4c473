package io.whetstone.cpu;

import static io.whetstone.cpu.TileLayout.POSITIONS;

import io.whetstone.tensor.AttentionForm;
import io.whetstone.tensor.Heads;
import io.whetstone.tensor.Segments;
import io.whetstone.tensor.Tensor;

/**
 * Causal attention over packed sequences.
 *
 * <p>Each task lays the keys and values that some rows of a segment see, the prefix's and then its
 * own, into tiles, and goes over them as over a cache's pages.
 */
final class Attention {
  private final Workers workers;
  private final FloatTiles products;
  private final ThreadLocal<AttentionBlock> blocks;
  private final ThreadLocal<Scratch> scratch = ThreadLocal.withInitial(Scratch::new);

  /** 0, 1, 2, …: the numbers of the tiles that any sequence lies in. */
  private int[] tiles = new int[0];

  Attention(Workers workers, FloatTiles products, SoftmaxKernel softmax) {
    this.workers = workers;
    this.products = products;
    blocks = ThreadLocal.withInitial(() -> new AttentionBlock(products, softmax));
  }

  void attention(
      Tensor fused,
      Heads heads,
      Segments segments,
      AttentionForm form,
      Tensor out,
      Tensor logSumExp) {
    AttentionUnits units = AttentionUnits.of(segments);
    int[] tiles = tiles(TileLayout.tiles(units.longest()));
    TileLayout layout = TileLayout.of(heads.size());
    FusedRows rows = FusedRows.of(heads, fused);
    long outs = Memory.address(out);
    long logs = Memory.address(logSumExp);
    units.run(
        workers,
        heads.keyValues(),
        (unit, fromHead, toHead) -> {
          int visible = units.visible(unit);
          int seen = form.firstSeen(units.visible(unit, units.from()[unit]));
          int count = TileLayout.tiles(visible);
          long keys = scratch.get().reserve(layout.bytes() * count + layout.rowsBytes());
          long values = keys + layout.keyBytes() * count;
          AttentionBlock block = blocks.get();
          for (int head = fromHead; head < toHead; head++) {
            block.overRows(form, rows.type(), layout, keys, values);
            lay(units, unit, rows, head, seen, layout, keys, values);
            for (int r = units.from()[unit]; r < units.to()[unit]; r++) {
              for (int q = head * heads.group(); q < (head + 1) * heads.group(); q++) {
                block.add(
                    rows.query(r, q),
                    rows.output(outs, r, q),
                    logs + 4L * ((long) r * heads.queries() + q),
                    units.visible(unit, r),
                    tiles);
              }
            }
            block.flush();
          }
        });
  }

  /** Lays what a unit sees of one head, from a position on, into tiles. */
  private void lay(
      AttentionUnits units,
      int unit,
      FusedRows rows,
      int head,
      int from,
      TileLayout layout,
      long keys,
      long values) {
    int visible = units.visible(unit);
    long work = values + layout.rowsBytes() * TileLayout.tiles(visible);
    for (int j = from; j < visible; j++) {
      int r = units.row(unit, j);
      layout.row(rows.type(), rows.value(r, head), values + layout.rowBytes() * j);
      layout.row(rows.type(), rows.key(r, head), work + layout.rowBytes() * (j % POSITIONS));
      if (j % POSITIONS == POSITIONS - 1 || j == visible - 1) {
        layout.transpose(products, work, keys + layout.keyBytes() * (j / POSITIONS));
      }
    }
  }

  private int[] tiles(int count) {
    if (tiles.length < count) {
      tiles = new int[2 * count];
      for (int t = 0; t < tiles.length; t++) {
        tiles[t] = t;
      }
    }
    return tiles;
  }
}
