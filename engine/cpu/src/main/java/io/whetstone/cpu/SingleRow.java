package io.whetstone.cpu;

import io.whetstone.cpu.BlockProducts.Product;
import io.whetstone.tensor.DType;
import io.whetstone.tensor.Tensor;

/**
 * {@link BlockProducts} with a single row of x, as one sequence that decodes makes them: W's
 * numbers are multiplied when they are decoded ({@link BlockTiles#multiply}), and stored nowhere.
 */
final class SingleRow {
  /** Outputs of a unit of work. */
  private static final int UNIT = BlockTiles.ROWS;

  /** Of a chunk and of all chunks so far. */
  private static final long SUMS = 4L * UNIT;

  private final Workers workers;
  private final BlockTiles tiles;
  private final Scratch own = new Scratch();

  SingleRow(Workers workers, BlockTiles tiles) {
    this.workers = workers;
    this.tiles = tiles;
  }

  boolean possible(Product of) {
    DType type = of.weight().dtype();
    return tiles.multiplies(type) && of.chunk() % type.blockElements() == 0;
  }

  void multiply(Product of) {
    Tensor weight = of.weight();
    int units = (weight.rows() + UNIT - 1) / UNIT;
    int tasks = BlockProducts.tasks(workers, weight, units);
    long rowBytes = weight.dtype().bytes(weight.columns());
    long room = own.reserve(2 * SUMS * tasks + UNIT * rowBytes);
    long copies = room + 2 * SUMS * tasks;
    workers.run(
        tasks,
        task -> {
          int unit = (int) ((long) units * task / tasks);
          int last = (int) ((long) units * (task + 1) / tasks);
          // What no unit before has asked for.
          tiles.fetch(Memory.address(weight) + rowBytes * UNIT * unit, rowBytes * UNIT);
          for (; unit < last; unit++) {
            outputs(of, UNIT * unit, room + 2 * SUMS * task, copies);
          }
        });
  }

  /** The outputs [first, first + 16), or as many as there are. */
  private void outputs(Product of, int first, long sums, long copies) {
    Tensor weight = of.weight();
    DType type = weight.dtype();
    int k = weight.columns();
    long row = type.bytes(k);
    long blocks = Memory.address(weight) + row * first;
    int width = Math.min(UNIT, weight.rows() - first);
    if (width < UNIT) {
      Memory.copy(blocks, copies, row * width);
      Memory.zero(copies + row * width, row * (UNIT - width));
      blocks = copies;
    }
    long totals = sums + SUMS;
    int to;
    for (int from = 0; from < k; from = to) {
      to = Math.min(k, from + of.chunk());
      long at = blocks + type.bytes(from);
      long x = of.x() + (long) of.compute().bytes() * from;
      // The same share of the next unit, which lies in memory as it will be read.
      long ahead = blocks + UNIT * (row + type.bytes(from));
      long target = from == 0 ? totals : sums;
      tiles.multiply(type, of.compute(), at, row, to - from, x, target, ahead);
      if (from > 0) {
        Rows.addColumns(sums, totals, 0, UNIT);
      }
    }
    PairRows.settle(totals, of.y() + (long) of.result().bytes() * first, width, of.result());
  }
}
