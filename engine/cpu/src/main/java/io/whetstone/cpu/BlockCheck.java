package io.whetstone.cpu;

import io.whetstone.tensor.DType;
import io.whetstone.tensor.Shape;
import io.whetstone.tensor.Tensor;
import io.whetstone.tensor.quantized.BlockCodec;
import java.lang.foreign.MemorySegment;

/**
 * Finds the cuts of k with which {@link BlockProducts} give the bits of the decoded weight's
 * products, by trying them on random numbers: nobody promises what a library's product cuts.
 */
final class BlockCheck {
  /** Numbers of rows that are tried. */
  private static final int[] ROWS = {1, 5};

  /** Elements of k that chunks are seen to have; the whole comes first. */
  private static final int[] CHUNKS = {1024, 512, 256, 128, 64};

  /** Rows of the weight that differ. */
  private static final int DIFFERENT = 48;

  /**
   * A form of products.
   *
   * @param n outputs that are decoded at once
   */
  record Form(DType type, DType compute, int k, int n) {}

  private final Form form;
  private final QuantizedPanels panels;
  private final BlockProducts products;

  BlockCheck(Form form, QuantizedPanels panels, BlockProducts products) {
    this.form = form;
    this.panels = panels;
    this.products = products;
  }

  /** The number of elements, or 0 where no number gives the same bits for every result. */
  int chunk() {
    long weightBytes = form.n * form.type.bytes(form.k);
    int rows = ROWS[ROWS.length - 1];
    long xBytes = (long) form.compute.bytes() * rows * form.k;
    long yBytes = 4L * rows * form.n;
    try (Allocation room =
        new Allocation(weightBytes + xBytes + 3 * yBytes + 64, "the check of a product's bits")) {
      long x = room.address() + (weightBytes + 63) / 64 * 64;
      Tensor weight = random(room.address(), weightBytes);
      PanelProducts.random(form.compute, x, xBytes, 5);
      if (agrees(weight, x, form.k)) {
        return form.k;
      }
      for (int chunk : CHUNKS) {
        if (chunk < form.k && agrees(weight, x, chunk)) {
          return chunk;
        }
      }
      return 0;
    }
  }

  /** Blocks of normal numbers, some rows of them over and over. */
  private Tensor random(long address, long bytes) {
    MemorySegment memory = MemorySegment.ofAddress(address).reinterpret(bytes);
    long state = 7;
    float[] row = new float[form.k];
    long rowBytes = form.type.bytes(form.k);
    for (int r = 0; r < form.n; r++) {
      if (r >= DIFFERENT) {
        Memory.copy(address + rowBytes * (r % DIFFERENT), address + rowBytes * r, rowBytes);
        continue;
      }
      for (int i = 0; i < row.length; i++) {
        state = state * 6364136223846793005L + 1442695040888963407L;
        row[i] = (state >> 40) * 0x1p-23f;
      }
      BlockCodec.of(form.type).encodeAll(row, memory, rowBytes * r);
    }
    return new Tensor(form.type, Shape.of(form.n, form.k), memory);
  }

  private boolean agrees(Tensor weight, long x, int chunk) {
    for (Result result : Result.values()) {
      boolean possible = result.dtype() == DType.F32 || form.compute == DType.BF16;
      if (possible && !agrees(weight, x, chunk, result)) {
        return false;
      }
    }
    return true;
  }

  private boolean agrees(Tensor weight, long x, int chunk, Result result) {
    long bytes = (long) result.bytes() * form.n;
    for (int rows : ROWS) {
      long expected = x + (long) form.compute.bytes() * ROWS[ROWS.length - 1] * form.k;
      long got = expected + bytes * rows;
      PanelProducts.random(result.dtype(), expected, bytes * rows, 6);
      Memory.copy(expected, got, bytes * rows);
      panels.decoded(weight, form.compute).forward(0, x, rows, expected, form.n, result);
      products.multiply(
          new BlockProducts.Product(weight, form.compute, x, got, form.n, chunk, result), rows);
      if (!Memory.same(expected, got, bytes * rows)) {
        return false;
      }
    }
    return true;
  }
}
