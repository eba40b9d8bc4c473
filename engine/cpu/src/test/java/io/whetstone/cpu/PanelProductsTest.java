package io.whetstone.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.whetstone.tensor.DType;
import io.whetstone.tensor.Philox;
import java.util.Arrays;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Whichever sizes a machine's oneDNN allows, rows are the same, and none beyond them is touched.
 */
class PanelProductsTest {
  private static final int K = 40;
  private static final int N = 72;

  /** C has columns beside the panel's. */
  private static final int COLUMNS = 100;

  @ParameterizedTest
  @CsvSource({"F32,F32", "F32,F32_ADDED", "BF16,F32", "BF16,F32_ADDED", "BF16,BF16"})
  void paddedRowsHaveTheSameBits(DType dtype, Result result) {
    OneDnn dnn = OneDnn.open();
    if (dtype == DType.BF16 && !dnn.multipliesBfloat16()) {
      System.out.println("NOT RUN: oneDNN's BF16 products: the processor has none");
      return;
    }
    PanelProducts.Panel panel = new PanelProducts.Panel(dtype, K, N, 0, COLUMNS);
    long layout = dnn.matrixOfAnyLayout(dtype, K, N);
    PanelProducts all = new PanelProducts(dnn, 1, panel, layout, PanelProducts.SIZES);
    PanelProducts few = new PanelProducts(dnn, 1, panel, layout, 128, 64, 24);
    DnnlSlot slot = new DnnlSlot(dnn, 0);
    assertTrue(all.usable(slot) && few.usable(slot));
    for (int rows = 1; rows <= 200; rows++) {
      float[] expected = product(dnn, all, slot, rows, result);
      assertArrayEquals(expected, product(dnn, few, slot, rows, result), rows + " rows");
      for (int i = 0; i < expected.length; i++) {
        if (i % COLUMNS >= N || i / COLUMNS >= rows) {
          assertTrue(expected[i] == 7, "row " + i / COLUMNS + ", column " + i % COLUMNS);
        }
      }
    }
    all.close();
    few.close();
    dnn.destroyMatrix(layout);
    slot.close();
    dnn.close();
  }

  /** C starts as sevens. */
  private static float[] product(
      OneDnn dnn, PanelProducts products, DnnlSlot slot, int rows, Result result) {
    float[] c = new float[(rows + 1) * COLUMNS];
    Arrays.fill(c, 7);
    long bBytes = dnn.bytes(products.layout());
    DType dtype = products.panel().dtype();
    try (Allocation a = allocation(dtype, (long) dtype.bytes() * rows * K, 1);
        Allocation b = allocation(dtype, bBytes, 2);
        Allocation target = new Allocation((long) result.bytes() * c.length, "test")) {
      for (int i = 0; i < c.length; i++) {
        set(result.dtype(), target.address(), i, c[i]);
      }
      products.multiply(slot, a.address(), rows, b.address(), target.address(), result);
      for (int i = 0; i < c.length; i++) {
        c[i] =
            result.dtype() == DType.F32
                ? Memory.get(target.address() + 4L * i)
                : Elementwise.fromBfloat16(Memory.getShort(target.address() + 2L * i));
      }
    }
    return c;
  }

  private static Allocation allocation(DType dtype, long bytes, long key) {
    Allocation allocation = new Allocation(bytes, "test");
    for (int i = 0; i < bytes / dtype.bytes(); i++) {
      set(dtype, allocation.address(), i, (float) Philox.uniform(key, i));
    }
    return allocation;
  }

  private static void set(DType dtype, long address, int i, float value) {
    if (dtype == DType.F32) {
      Memory.set(address + 4L * i, value);
    } else {
      Memory.setShort(address + 2L * i, Elementwise.toBfloat16(value));
    }
  }
}
