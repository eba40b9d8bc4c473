package io.whetstone.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.whetstone.tensor.Philox;
import java.util.Arrays;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Whichever sizes a machine's oneDNN allows, rows are the same, and none beyond them is touched.
 */
class PanelProductsTest {
  private static final int K = 40;
  private static final int N = 72;

  /** C has columns beside the panel's. */
  private static final int COLUMNS = 100;

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void paddedRowsHaveTheSameBits(boolean accumulate) {
    OneDnn dnn = OneDnn.open();
    PanelProducts all = new PanelProducts(dnn, 1, K, N, COLUMNS, PanelProducts.SIZES);
    PanelProducts few = new PanelProducts(dnn, 1, K, N, COLUMNS, 128, 64, 24);
    DnnlSlot slot = new DnnlSlot(dnn, 0);
    assertTrue(all.usable(slot) && few.usable(slot));
    for (int rows = 1; rows <= 200; rows++) {
      float[] expected = product(dnn, all, slot, rows, accumulate);
      assertArrayEquals(expected, product(dnn, few, slot, rows, accumulate), rows + " rows");
      for (int i = 0; i < expected.length; i++) {
        if (i % COLUMNS >= N || i / COLUMNS >= rows) {
          assertTrue(expected[i] == 7, "row " + i / COLUMNS + ", column " + i % COLUMNS);
        }
      }
    }
    all.close();
    few.close();
    slot.close();
    dnn.close();
  }

  /** C starts as sevens. */
  private static float[] product(
      OneDnn dnn, PanelProducts products, DnnlSlot slot, int rows, boolean accumulate) {
    float[] c = new float[(rows + 1) * COLUMNS];
    Arrays.fill(c, 7);
    long bBytes = dnn.bytes(products.layout());
    try (Allocation a = allocation(4L * rows * K, 1);
        Allocation b = allocation(bBytes, 2);
        Allocation target = allocation(4L * c.length, 3)) {
      for (int i = 0; i < c.length; i++) {
        Memory.set(target.address() + 4L * i, c[i]);
      }
      products.multiply(slot, a.address(), rows, b.address(), target.address(), accumulate);
      for (int i = 0; i < c.length; i++) {
        c[i] = Memory.get(target.address() + 4L * i);
      }
    }
    return c;
  }

  private static Allocation allocation(long bytes, long key) {
    Allocation allocation = new Allocation(bytes, "test");
    for (int i = 0; i < bytes / 4; i++) {
      Memory.set(allocation.address() + 4L * i, (float) Philox.uniform(key, i));
    }
    return allocation;
  }
}
