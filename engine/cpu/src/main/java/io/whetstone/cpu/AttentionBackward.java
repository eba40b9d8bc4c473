package io.whetstone.cpu;

import io.whetstone.tensor.AttentionForm;
import io.whetstone.tensor.DType;
import io.whetstone.tensor.Heads;
import io.whetstone.tensor.Segments;
import io.whetstone.tensor.Tensor;

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
  private final ThreadLocal<AttentionGradientBlock> blocks;
  private final ThreadLocal<Scratch> sums = ThreadLocal.withInitial(Scratch::new);

  AttentionBackward(Workers workers, FloatTiles products, SoftmaxKernel softmax) {
    this.workers = workers;
    blocks = ThreadLocal.withInitial(() -> new AttentionGradientBlock(products, softmax));
  }

  void attentionBackward(
      Tensor dOut,
      Tensor fused,
      Heads heads,
      Segments segments,
      AttentionForm form,
      Tensor out,
      Tensor logSumExp,
      Tensor dFused) {
    TileLayout layout = TileLayout.of(heads.size());
    AttentionUnits units = AttentionUnits.of(segments);
    FusedRows rows = FusedRows.of(heads, fused);
    FusedRows gradients = FusedRows.of(heads, dFused);
    Partials partials = Partials.of(units, heads, partialScratch);
    long outs = Memory.address(out);
    long dOuts = Memory.address(dOut);
    long logs = Memory.address(logSumExp);
    units.run(
        workers,
        heads.keyValues(),
        (unit, fromHead, toHead) -> {
          AttentionGradientBlock block = blocks.get();
          int visible = units.visible(unit);
          int seen = form.firstSeen(units.visible(unit, units.from()[unit]));
          for (int head = fromHead; head < toHead; head++) {
            block.over(form, rows.type(), layout, seen, visible);
            for (int j = seen; j < visible; j++) {
              int r = units.row(unit, j);
              block.see(rows.key(r, head), rows.value(r, head), j);
            }
            block.lay();
            for (int r = units.from()[unit]; r < units.to()[unit]; r++) {
              for (int q = head * heads.group(); q < (head + 1) * heads.group(); q++) {
                block.add(
                    rows.query(r, q),
                    rows.output(outs, r, q),
                    Memory.get(logs + 4L * ((long) r * heads.queries() + q)),
                    rows.output(dOuts, r, q),
                    units.visible(unit, r),
                    gradients.query(r, q));
              }
            }
            block.flush();
            partials.keep(unit, head, block, seen, gradients);
          }
        });
    workers.run(
        segments.count() * heads.keyValues(),
        task -> {
          int segment = task / heads.keyValues();
          if (!partials.seenOnce(segment)) {
            long work = sums.get().reserve(8L * heads.size());
            for (int r = segments.start()[segment]; r < segments.end()[segment]; r++) {
              partials.sum(segment, r, task % heads.keyValues(), gradients, work);
            }
          }
        });
  }

  /**
   * Gradients of the keys and values that several units see, kept for each unit and head.
   *
   * @param seeing for each segment, the units that see rows of it, in order
   * @param first for each unit, positions kept by the units before it
   */
  private record Partials(
      AttentionUnits units, Heads heads, int[][] seeing, long[] first, long address) {
    static Partials of(AttentionUnits units, Heads heads, Scratch scratch) {
      int[][] seeing = units.seeing();
      long[] first = new long[units.count() + 1];
      for (int unit = 0; unit < units.count(); unit++) {
        boolean own = seeing[units.segment()[unit]].length > 1;
        first[unit + 1] = first[unit] + (own ? units.visible(unit) : units.prefix(unit));
      }
      long bytes = 8L * heads.size() * heads.keyValues() * first[units.count()];
      return new Partials(units, heads, seeing, first, scratch.reserve(bytes));
    }

    /** Whether only one unit sees a segment's rows, its own: their gradients are not here. */
    boolean seenOnce(int segment) {
      return seeing[segment].length == 1;
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

    /** Takes what a unit's queries made for one head, from the first position they see on. */
    void keep(int unit, int head, AttentionGradientBlock block, int seen, FusedRows gradients) {
      int kept = kept(unit);
      long rowBytes = 4L * heads.size();
      for (int j = 0; j < Math.min(seen, kept); j++) {
        Memory.zero(key(unit, head, j), 2 * rowBytes);
      }
      for (int j = seen; j < units.visible(unit); j++) {
        if (j < kept) {
          Rows.copyColumns(block.dKey(j), key(unit, head, j), heads.size());
          Rows.copyColumns(block.dValue(j), value(unit, head, j), heads.size());
        } else {
          int r = units.row(unit, j);
          block.copy(block.dKey(j), gradients.key(r, head));
          block.copy(block.dValue(j), gradients.value(r, head));
        }
      }
    }

    /** Sets the gradients of a segment's row to the sums of what was kept for it. */
    void sum(int segment, int row, int head, FusedRows gradients, long work) {
      int size = heads.size();
      long keySum = work;
      long valueSum = work + 4L * size;
      Memory.zero(work, 8L * size);
      for (int unit : seeing[segment]) {
        int other = units.segment()[unit];
        boolean own = other == segment;
        int from = own ? units.segments().start()[segment] : units.segments().prefixStart()[other];
        int to = own ? units.to()[unit] : units.segments().prefixEnd()[other];
        if (row >= from && row < to) {
          int position = own ? units.prefix(unit) + row - from : row - from;
          Rows.addColumns(key(unit, head, position), keySum, 0, size);
          Rows.addColumns(value(unit, head, position), valueSum, 0, size);
        }
      }
      if (gradients.type() == DType.F32) {
        Memory.copy(keySum, gradients.key(row, head), 4L * size);
        Memory.copy(valueSum, gradients.value(row, head), 4L * size);
      } else {
        Bfloat16.round(keySum, gradients.key(row, head), size);
        Bfloat16.round(valueSum, gradients.value(row, head), size);
      }
    }
  }
}
