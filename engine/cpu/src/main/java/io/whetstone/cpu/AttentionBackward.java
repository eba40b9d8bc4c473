package io.whetstone.cpu;

import io.whetstone.tensor.Heads;
import io.whetstone.tensor.Segments;
import io.whetstone.tensor.Tensor;
import java.util.Arrays;

/**
 * The backward of {@link Attention}.
 *
 * <p>A unit's gradients of keys and values that no other unit sees go straight to their rows.
 * Others (a prompt's, above all) are kept apart for each unit and then added in the order of units,
 * so that neither threads nor their timing decide a bit.
 */
final class AttentionBackward {
  private final Workers workers;
  private final Scratch partialScratch = new Scratch();
  private final ThreadLocal<Scratch> blockScratch = ThreadLocal.withInitial(Scratch::new);

  AttentionBackward(Workers workers) {
    this.workers = workers;
  }

  void attentionBackward(
      Tensor dOut,
      Tensor fused,
      Heads heads,
      Segments segments,
      float scale,
      Tensor out,
      Tensor logSumExp,
      Tensor dFused) {
    TileLayout layout = TileLayout.of(heads.size());
    AttentionUnits units = AttentionUnits.of(segments);
    FusedRows rows = new FusedRows(heads, Memory.address(fused));
    FusedRows gradients = new FusedRows(heads, Memory.address(dFused));
    Partials partials = Partials.of(units, heads, partialScratch);
    long outs = Memory.address(out);
    long dOuts = Memory.address(dOut);
    long logs = Memory.address(logSumExp);
    units.run(
        workers,
        heads.keyValues(),
        (unit, from, to) -> {
          int visible = units.visible(unit);
          long bytes = AttentionGradientBlock.bytes(layout, visible);
          long base = blockScratch.get().reserve(bytes * (to - from));
          AttentionGradientBlock[] blocks = new AttentionGradientBlock[to - from];
          Arrays.setAll(
              blocks, h -> new AttentionGradientBlock(layout, scale, visible, base + bytes * h));
          for (int j = 0; j < visible; j++) {
            int r = units.row(unit, j);
            for (int head = from; head < to; head++) {
              blocks[head - from].see(rows.key(r, head), rows.value(r, head), j);
            }
          }
          for (int r = units.from()[unit]; r < units.to()[unit]; r++) {
            for (int q = from * heads.group(); q < to * heads.group(); q++) {
              blocks[q / heads.group() - from].add(
                  rows.query(r, q),
                  FusedRows.output(heads, outs, r, q),
                  Memory.get(logs + 4L * ((long) r * heads.queries() + q)),
                  FusedRows.output(heads, dOuts, r, q),
                  units.visible(unit, r),
                  gradients.query(r, q));
            }
          }
          for (AttentionGradientBlock block : blocks) {
            block.flush();
          }
          int kept = partials.kept(unit);
          for (int j = 0; j < visible; j++) {
            int r = units.row(unit, j);
            for (int head = from; head < to; head++) {
              AttentionGradientBlock block = blocks[head - from];
              block.copy(
                  block.dKey(j), j < kept ? partials.key(unit, head, j) : gradients.key(r, head));
              block.copy(
                  block.dValue(j),
                  j < kept ? partials.value(unit, head, j) : gradients.value(r, head));
            }
          }
        });
    workers.run(
        segments.count() * heads.keyValues(),
        task -> {
          int segment = task / heads.keyValues();
          if (!partials.seenOnce[segment]) {
            partials.sum(segment, task % heads.keyValues(), gradients);
          }
        });
  }

  /**
   * Gradients of the keys and values that several units see, kept for each unit and head.
   *
   * @param seenOnce for each segment, whether its rows' gradients are not here
   * @param first for each unit, positions kept by the units before it
   */
  private record Partials(
      AttentionUnits units, Heads heads, boolean[] seenOnce, long[] first, long address) {
    static Partials of(AttentionUnits units, Heads heads, Scratch scratch) {
      boolean[] seenOnce = units.seenOnce();
      long[] first = new long[units.count() + 1];
      for (int unit = 0; unit < units.count(); unit++) {
        boolean own = !seenOnce[units.segment()[unit]];
        first[unit + 1] = first[unit] + (own ? units.visible(unit) : units.prefix(unit));
      }
      long bytes = 8L * heads.size() * heads.keyValues() * first[units.count()];
      return new Partials(units, heads, seenOnce, first, scratch.reserve(bytes));
    }

    /** Leading positions of a unit that are kept. */
    int kept(int unit) {
      return (int) (first[unit + 1] - first[unit]);
    }

    long key(int unit, int head, int position) {
      long before = first[unit] * heads.keyValues() + (long) kept(unit) * head + position;
      return address + 8L * heads.size() * before;
    }

    long value(int unit, int head, int position) {
      return key(unit, head, position) + 4L * heads.size();
    }

    /** Sets a segment's gradients to the sums of what was kept for its rows. */
    void sum(int segment, int head, FusedRows gradients) {
      int start = units.segments().start()[segment];
      int end = units.segments().end()[segment];
      int size = heads.size();
      for (int r = start; r < end; r++) {
        Memory.zero(gradients.key(r, head), 4L * size);
        Memory.zero(gradients.value(r, head), 4L * size);
      }
      for (int unit = 0; unit < units.count(); unit++) {
        int other = units.segment()[unit];
        boolean own = other == segment;
        int from = own ? start : Math.max(start, units.segments().prefixStart()[other]);
        int to = own ? units.to()[unit] : Math.min(end, units.segments().prefixEnd()[other]);
        int shift = own ? units.prefix(unit) - start : -units.segments().prefixStart()[other];
        for (int r = from; r < to; r++) {
          Rows.addColumns(key(unit, head, r + shift), gradients.key(r, head), 0, size);
          Rows.addColumns(value(unit, head, r + shift), gradients.value(r, head), 0, size);
        }
      }
    }
  }
}
