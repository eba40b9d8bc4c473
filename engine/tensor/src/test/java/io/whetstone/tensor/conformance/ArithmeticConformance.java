package io.whetstone.tensor.conformance;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.whetstone.tensor.Tensor;
import org.junit.jupiter.api.Test;

/** Elementwise kernels, reductions over a whole tensor, and rows picked by index. */
interface ArithmeticConformance extends Conformance {
  int[] SIZES = {0, 1, 3, 7, 15, 16, 17, 33, 64, 65, 1000, 70_001};

  /** One rounding, so there is only one right answer. */
  @Test
  default void addAndScaleRoundOnce() {
    for (int size : SIZES) {
      float[] x = Numbers.floats(Numbers.normal(1, size, 3));
      float[] y = Numbers.floats(Numbers.normal(2, size, 1));
      Tensor tensorX = rig().inOut(Numbers.doubles(x), size);
      Tensor tensorY = rig().inOut(Numbers.doubles(y), size);
      rig().backend().add(tensorX, tensorY);
      float[] sum = new float[size];
      float[] scaled = new float[size];
      for (int i = 0; i < size; i++) {
        sum[i] = x[i] + y[i];
        scaled[i] = x[i] * -0.3f;
      }
      assertArrayEquals(sum, rig().get(tensorY));
      assertArrayEquals(x, rig().get(tensorX), "add changed its input");
      rig().backend().scale(tensorX, -0.3f);
      assertArrayEquals(scaled, rig().get(tensorX));
    }
  }

  @Test
  default void sumOfSquaresIsSummedInDoublePrecision() {
    for (int size : SIZES) {
      double[] x = Numbers.normal(3, size, 100);
      if (size > 2) {
        x[size / 2] = (float) 1e15;
      }
      double expected = 0;
      for (double value : x) {
        expected += value * value;
      }
      double sum = rig().backend().sumOfSquares(rig().input(x, size));
      assertEquals(expected, sum, 1e-12 * expected, "size " + size);
    }
  }

  @Test
  default void sumOfSquaresHasOneOrder() {
    needsExact();
    for (int size : SIZES) {
      double[] x = Numbers.normal(4, size, 1);
      double one = rigs().getFirst().backend().sumOfSquares(rigs().getFirst().input(x, size));
      for (Rig rig : rigs()) {
        for (int place = 0; place < 2; place++) {
          assertEquals(one, rig.backend().sumOfSquares(rig.input(x, size)), 0, rig + ", " + size);
        }
      }
    }
  }

  @Test
  default void allFiniteFindsAnyElement() {
    for (int size : SIZES) {
      double[] x = Numbers.normal(5, size, 1);
      if (size > 0) {
        x[0] = Float.MAX_VALUE;
        x[size - 1] = -Float.MAX_VALUE;
      }
      assertTrue(rig().backend().allFinite(rig().input(x, size)), "size " + size);
      for (int at : size == 0 ? new int[0] : new int[] {0, size / 2, size - 1}) {
        for (double bad : new double[] {Double.NaN, 1 / 0.0, -1 / 0.0}) {
          double[] broken = x.clone();
          broken[at] = bad;
          assertFalse(
              rig().backend().allFinite(rig().input(broken, size)), bad + " at " + at + "/" + size);
        }
      }
    }
  }

  @Test
  default void rowsAreGathered() {
    for (int columns : new int[] {1, 7, 22, 64, 65}) {
      double[] x = Numbers.normal(6, 9 * columns, 1);
      for (int[] rows : new int[][] {{}, {8}, {0, 8, 8, 3, 0}, {1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0}}) {
        Tensor y = rig().output(rows.length, columns);
        rig().backend().gatherRows(rig().input(x, 9, columns), rows, y);
        float[] expected = new float[rows.length * columns];
        for (int i = 0; i < expected.length; i++) {
          expected[i] = (float) x[rows[i / columns] * columns + i % columns];
        }
        assertArrayEquals(expected, rig().get(y));
      }
    }
  }

  /** In the order of the rows: so the sums, repeated rows included, have only one right answer. */
  @Test
  default void rowsAreScatteredInOrder() {
    for (int columns : new int[] {1, 7, 22, 64, 65}) {
      int[] rows = {0, 8, 8, 3, 0, 8, 8, 0, 1, 1, 1};
      double[] dy = Numbers.normal(7, rows.length * columns, 1);
      double[] dx = Numbers.normal(8, 9 * columns, 1);
      float[] expected = Numbers.floats(dx);
      for (int i = 0; i < dy.length; i++) {
        expected[rows[i / columns] * columns + i % columns] += (float) dy[i];
      }
      for (Rig rig : rigs()) {
        Tensor tensor = rig.inOut(dx, 9, columns);
        rig.backend().scatterAddRows(rig.input(dy, rows.length, columns), rows, tensor);
        assertArrayEquals(expected, rig.get(tensor), rig.toString());
        rig.backend().scatterAddRows(rig.output(0, columns), new int[0], tensor);
        assertArrayEquals(expected, rig.get(tensor), "no rows");
      }
    }
  }
}
