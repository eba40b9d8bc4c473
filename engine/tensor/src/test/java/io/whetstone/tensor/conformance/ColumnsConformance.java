package io.whetstone.tensor.conformance;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.whetstone.tensor.Backend;
import io.whetstone.tensor.DType;
import io.whetstone.tensor.Dropout;
import io.whetstone.tensor.Tensor;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** Blocks of columns, and dropout: what adapters need beside products. */
interface ColumnsConformance extends Conformance {
  /** Rows, the block's columns, where it begins, the whole's columns. */
  int[][] BLOCKS = {{0, 3, 1, 5}, {1, 1, 0, 1}, {5, 7, 3, 11}, {3, 16, 16, 48}, {9, 33, 1, 65}};

  @Test
  default void columnsAreAdded() {
    for (DType dtype : computeTypes()) {
      for (int[] b : BLOCKS) {
        double[] x = Numbers.normal(1, b[0] * b[1], 1);
        double[] y = Numbers.as(dtype, Numbers.normal(2, b[0] * b[3], 1));
        float[] expected = Numbers.floats(y);
        for (int i = 0; i < x.length; i++) {
          expected[i / b[1] * b[3] + b[2] + i % b[1]] += (float) x[i];
        }
        Tensor sums = rig().inOut(dtype, y, b[0], b[3]);
        rig().backend().addColumns(rig().input(x, b[0], b[1]), sums, b[2]);
        Tensor rounded = rig().inOut(dtype, Numbers.doubles(expected), b[0], b[3]);
        assertArrayEquals(rig().get(rounded), rig().get(sums), dtype + " " + Arrays.toString(b));
      }
    }
  }

  @Test
  default void columnsAreTaken() {
    for (DType dtype : computeTypes()) {
      for (int[] b : BLOCKS) {
        double[] x = Numbers.as(dtype, Numbers.normal(3, b[0] * b[3], 1));
        float[] expected = new float[b[0] * b[1]];
        for (int i = 0; i < expected.length; i++) {
          expected[i] = (float) x[i / b[1] * b[3] + b[2] + i % b[1]];
        }
        Tensor y = rig().output(dtype, b[0], b[1]);
        rig().backend().takeColumns(rig().input(dtype, x, b[0], b[3]), b[2], y);
        assertArrayEquals(expected, rig().get(y), dtype + " " + Arrays.toString(b));
      }
    }
  }

  @Test
  default void dropoutKeepsWhatItsKeysSay() {
    for (DType dtype : computeTypes()) {
      for (int columns : new int[] {1, 4, 7, 65}) {
        for (double rate : new double[] {0, 0.1, 0.75}) {
          long[] keys = {7, -1, 7, 1L << 40};
          double[] x = Numbers.as(dtype, Numbers.normal(4, 4 * columns, 1));
          float[] expected = new float[x.length];
          for (int i = 0; i < x.length; i++) {
            boolean kept = Dropout.keeps(keys[i / columns], i % columns, rate);
            expected[i] = kept ? (float) x[i] * (float) (1 / (1 - rate)) : 0;
          }
          Tensor rounded = rig().inOut(dtype, Numbers.doubles(expected), 4, columns);
          for (Rig rig : rigs()) {
            Tensor y = rig.output(dtype, 4, columns);
            rig.backend().dropout(rig.input(dtype, x, 4, columns), rate, keys, y);
            assertArrayEquals(rig().get(rounded), rig.get(y), rig + ", rate " + rate);
          }
          Tensor inPlace = rig().inOut(dtype, x, 4, columns);
          rig().backend().dropout(inPlace, rate, keys, inPlace);
          assertArrayEquals(rig().get(rounded), rig().get(inPlace), "in place");
        }
      }
    }
  }

  @Test
  default void dropoutKeepsItsShare() {
    int kept = 0;
    for (int i = 0; i < 100_000; i++) {
      kept += Dropout.keeps(i % 317, i / 317, 0.3) ? 1 : 0;
    }
    assertEquals(0.7, kept / 100_000.0, 0.005);
    assertTrue(Dropout.keeps(5, 5, 0));
    assertThrows(IllegalArgumentException.class, () -> Dropout.keeps(5, 5, 1));
  }

  @Test
  default void wrongBlocksAreRefused() {
    Backend b = rig().backend();
    Tensor block = rig().inOut(new double[6], 3, 2);
    Tensor whole = rig().inOut(new double[15], 3, 5);
    Tensor rows = rig().inOut(new double[10], 2, 5);
    assertThrows(IllegalArgumentException.class, () -> b.addColumns(block, whole, 4));
    assertThrows(IllegalArgumentException.class, () -> b.addColumns(block, whole, -1));
    assertThrows(IllegalArgumentException.class, () -> b.addColumns(block, rows, 0));
    assertThrows(IllegalArgumentException.class, () -> b.takeColumns(whole, 4, block));
    assertThrows(IllegalArgumentException.class, () -> b.takeColumns(rows, 0, block));
    assertThrows(IllegalArgumentException.class, () -> b.dropout(block, 0.5, new long[2], block));
    assertThrows(IllegalArgumentException.class, () -> b.dropout(block, 1, new long[3], block));
  }
}
