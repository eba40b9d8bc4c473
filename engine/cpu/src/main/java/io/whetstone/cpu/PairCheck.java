package io.whetstone.cpu;

import io.whetstone.tensor.DType;

/** Tries in which chunks of k {@link PairProducts} give the bits of oneDNN's products. */
final class PairCheck {
  /** In several groups together and one by one, and every number of rows of a group. */
  private static final int[] ROWS = {50, 29, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1};

  /** Two blocks of columns, and a part of one. */
  private static final int COLUMNS = 2 * PairMatrix.COLUMNS + 24;

  /** What oneDNN has been seen to use; the whole comes first. */
  private static final int[] CHUNKS = {1024, 512, 256, 128, 64};

  private final PanelProducts.Panel panel;
  private final DnnlPrimitive[] references;
  private final DnnlSlot slot;
  private final PairProducts pairs;

  /**
   * @param references oneDNN's products of {@link PanelProducts#REFERENCE} rows, by result
   */
  PairCheck(
      PanelProducts.Panel panel, DnnlPrimitive[] references, DnnlSlot slot, PairProducts pairs) {
    this.panel = panel;
    this.references = references;
    this.slot = slot;
    this.pairs = pairs;
  }

  /** The number of elements, or 0 where no number gives the same bits for every result. */
  int chunk() {
    int whole = (panel.k() + 1) / 2 * 2;
    if (agrees(whole)) {
      return whole;
    }
    for (int chunk : CHUNKS) {
      if (chunk < whole && agrees(chunk)) {
        return chunk;
      }
    }
    return 0;
  }

  private boolean agrees(int chunk) {
    for (Result result : Result.values()) {
      if (!agrees(chunk, result)) {
        return false;
      }
    }
    return true;
  }

  private boolean agrees(int chunk, Result result) {
    long bBytes = PairMatrix.bytes(panel.k(), panel.n());
    long aBytes = panel.aBytes(PanelProducts.REFERENCE);
    long cBytes = panel.cBytes(PanelProducts.REFERENCE, result);
    try (Allocation room =
        new Allocation(bBytes + aBytes + 3 * cBytes, "the check of a product's bits")) {
      long b = room.address();
      long a = b + bBytes;
      long before = a + aBytes;
      long expected = before + cBytes;
      long got = expected + cBytes;
      PanelProducts.random(DType.BF16, b, bBytes + aBytes, 3);
      PanelProducts.random(result.dtype(), before, cBytes, 4);
      Memory.copy(before, expected, cBytes);
      references[result.ordinal()].run(slot, a, b, expected);
      int columns = Math.min(panel.n(), COLUMNS);
      PairProducts.Product product =
          new PairProducts.Product(a, panel.k(), b, columns, got, panel.cColumns(), chunk, result);
      for (int rows : ROWS) {
        Memory.copy(before, got, cBytes);
        pairs.multiply(product, rows);
        for (int r = 0; r < rows; r++) {
          long row = panel.cBytes(r, result);
          if (!Memory.same(expected + row, got + row, (long) result.bytes() * columns)) {
            return false;
          }
        }
      }
      return true;
    }
  }
}
