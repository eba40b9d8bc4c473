package io.whetstone.tensor.conformance;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.whetstone.tensor.DType;
import io.whetstone.tensor.Linear;
import io.whetstone.tensor.Tensor;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** Products with a weight, forward and backward. */
interface LinearConformance extends Conformance {
  int[] ROWS = {0, 1, 3, 7, 17, 33, 64, 65};

  /** {in, out}. */
  int[][] SHAPES = {
    {1, 1}, {3, 7}, {7, 3}, {22, 20}, {20, 22}, {64, 64}, {65, 33}, {352, 22}, {128, 65}, {17, 352}
  };

  @Test
  default void linearForward() {
    for (int[] shape : SHAPES) {
      double[] w = Numbers.normal(1, shape[1] * shape[0], 0.3);
      try (Linear linear = rig().backend().linear(rig().input(w, shape[1], shape[0]), DType.F32)) {
        assertEquals(shape[0], linear.in());
        assertEquals(shape[1], linear.out());
        for (int rows : ROWS) {
          double[] x = Numbers.normal(2, rows * shape[0], 1);
          double[] before = Numbers.normal(3, rows * shape[1], 1);
          String what = "[%d × %d] · [%d × %d]ᵀ".formatted(rows, shape[0], shape[1], shape[0]);

          Tensor y = rig().output(rows, shape[1]);
          rig().backend().linearForward(linear, rig().input(x, rows, shape[0]), y, false);
          ReferenceLinear.forward(x, w, new double[before.length], rows, shape[0], shape[1])
              .check(what, rig().get(y));

          Tensor sum = rig().inOut(before, rows, shape[1]);
          rig().backend().linearForward(linear, rig().input(x, rows, shape[0]), sum, true);
          ReferenceLinear.forward(x, w, before, rows, shape[0], shape[1])
              .check(what + ", accumulated", rig().get(sum));
        }
      }
    }
  }

  @Test
  default void linearBackwardInput() {
    for (int[] shape : SHAPES) {
      double[] w = Numbers.normal(4, shape[1] * shape[0], 0.3);
      try (Linear linear = rig().backend().linear(rig().input(w, shape[1], shape[0]), DType.F32)) {
        for (int rows : ROWS) {
          double[] dy = Numbers.normal(5, rows * shape[1], 1);
          double[] before = Numbers.normal(6, rows * shape[0], 1);
          String what = "[%d × %d] · [%d × %d]".formatted(rows, shape[1], shape[1], shape[0]);

          Tensor dx = rig().output(rows, shape[0]);
          rig().backend().linearBackwardInput(linear, rig().input(dy, rows, shape[1]), dx, false);
          ReferenceLinear.backwardInput(dy, w, new double[before.length], rows, shape[0], shape[1])
              .check(what, rig().get(dx));

          Tensor sum = rig().inOut(before, rows, shape[0]);
          rig().backend().linearBackwardInput(linear, rig().input(dy, rows, shape[1]), sum, true);
          ReferenceLinear.backwardInput(dy, w, before, rows, shape[0], shape[1])
              .check(what + ", accumulated", rig().get(sum));
        }
      }
    }
  }

  @Test
  default void linearBackwardWeightAccumulates() {
    for (int[] shape : SHAPES) {
      for (int rows : ROWS) {
        double[] x = Numbers.normal(7, rows * shape[0], 1);
        double[] dy = Numbers.normal(8, rows * shape[1], 1);
        double[] before = Numbers.normal(9, shape[1] * shape[0], 1);
        Tensor dw = rig().inOut(before, shape[1], shape[0]);
        rig()
            .backend()
            .linearBackwardWeight(
                rig().input(x, rows, shape[0]), rig().input(dy, rows, shape[1]), dw);
        ReferenceLinear.backwardWeight(x, dy, before, rows, shape[0], shape[1])
            .check(
                "[%d × %d]ᵀ · [%d × %d]".formatted(rows, shape[1], rows, shape[0]), rig().get(dw));
      }
    }
  }

  @Test
  default void refreshReadsTheMasterAgain() {
    int in = 65;
    int out = 33;
    Tensor master = rig().inOut(Numbers.normal(10, out * in, 1), out, in);
    double[] x = Numbers.normal(11, 7 * in, 1);
    double[] dy = Numbers.normal(12, 7 * out, 1);
    try (Linear linear = rig().backend().linear(master, DType.F32)) {
      rig().backend().linearForward(linear, rig().input(x, 7, in), rig().output(7, out), false);
      double[] next = Numbers.normal(13, out * in, 1);
      rig().backend().write(master, Numbers.floats(next));
      linear.refresh();
      Tensor y = rig().output(7, out);
      rig().backend().linearForward(linear, rig().input(x, 7, in), y, false);
      ReferenceLinear.forward(x, next, new double[7 * out], 7, in, out).check("y", rig().get(y));
      Tensor dx = rig().output(7, in);
      rig().backend().linearBackwardInput(linear, rig().input(dy, 7, out), dx, false);
      ReferenceLinear.backwardInput(dy, next, new double[7 * in], 7, in, out)
          .check("dx", rig().get(dx));
      assertArrayEquals(Numbers.floats(next), rig().get(master), "the master is only read");
    }
  }

  @Test
  default void biasForwardAndBackward() {
    for (int rows : ROWS) {
      for (int columns : new int[] {1, 3, 20, 22, 65, 352}) {
        double[] bias = Numbers.normal(14, columns, 1);
        double[] y = Numbers.normal(15, rows * columns, 1);
        Tensor sum = rig().inOut(y, rows, columns);
        rig().backend().addBias(rig().input(bias, columns), sum);
        ReferenceLinear.addBias(bias, y, rows).check("addBias", rig().get(sum));
        Tensor dBias = rig().inOut(bias, columns);
        rig().backend().addBiasBackward(rig().input(y, rows, columns), dBias);
        ReferenceLinear.addBiasBackward(y, bias, rows).check("addBiasBackward", rig().get(dBias));
      }
    }
  }

  /** Two shapes over every number of rows, the others over those where blocks begin and end. */
  @Test
  default void linearRowsDoNotDependOnTheirNumber() {
    needsExact();
    int[] all = new int[512];
    Arrays.setAll(all, i -> i + 1);
    int[] some = {
      1, 2, 3, 4, 5, 6, 7, 8, 9, 13, 15, 16, 17, 31, 32, 33, 48, 63, 64, 65, 96, 127, 128, 129, 255,
      256, 257, 384, 511, 512
    };
    rowsDoNotDependOnTheirNumber(96, 160, all);
    rowsDoNotDependOnTheirNumber(65, 33, all);
    rowsDoNotDependOnTheirNumber(128, 384, some);
    rowsDoNotDependOnTheirNumber(128, 704, some);
    rowsDoNotDependOnTheirNumber(352, 128, some);
    rowsDoNotDependOnTheirNumber(128, 22, some);
    rowsDoNotDependOnTheirNumber(600, 40, some);
    rowsDoNotDependOnTheirNumber(1, 3, some);
  }

  private void rowsDoNotDependOnTheirNumber(int in, int out, int[] numbers) {
    Tensor x = rig().input(Numbers.normal(16, 512 * in, 1), 512, in);
    Tensor dy = rig().input(Numbers.normal(17, 512 * out, 1), 512, out);
    Tensor y = rig().output(512, out);
    Tensor dx = rig().output(512, in);
    try (Linear linear =
        rig().backend().linear(rig().input(Numbers.normal(18, out * in, 1), out, in), DType.F32)) {
      rig().backend().linearForward(linear, x, y, false);
      rig().backend().linearBackwardInput(linear, dy, dx, false);
      float[] allY = rig().get(y);
      float[] allDx = rig().get(dx);
      for (int rows : numbers) {
        int from = rows % 5 * (512 - rows) / 4;
        String what = "in %d, out %d: rows [%d, %d) of 512".formatted(in, out, from, from + rows);
        rig().backend().fill(y, Float.NaN);
        rig().backend().linearForward(linear, x.rows(from, from + rows), y.rows(0, rows), false);
        sameRows(what + " forward", allY, from, rows, out, rig().get(y));
        rig().backend().fill(dx, Float.NaN);
        rig()
            .backend()
            .linearBackwardInput(linear, dy.rows(from, from + rows), dx.rows(0, rows), false);
        sameRows(what + " backward", allDx, from, rows, in, rig().get(dx));
      }
    }
  }

  /** The first rows are the given ones of {@code all}, what follows is untouched. */
  private static void sameRows(
      String what, float[] all, int from, int rows, int columns, float[] actual) {
    float[] expected = new float[all.length];
    Arrays.fill(expected, Float.NaN);
    System.arraycopy(all, from * columns, expected, 0, rows * columns);
    assertArrayEquals(expected, actual, what);
  }

  @Test
  default void linearIsTheSameForAnyThreads() {
    needsExact();
    for (int[] shape : new int[][] {{128, 200}, {65, 33}, {7, 352}}) {
      int in = shape[0];
      int out = shape[1];
      double[] w = Numbers.normal(19, out * in, 1);
      for (int rows : new int[] {1, 2, 5, 64, 300}) {
        double[] x = Numbers.normal(20, rows * in, 1);
        double[] dy = Numbers.normal(21, rows * out, 1);
        for (boolean accumulate : new boolean[] {false, true}) {
          sameForAnyThreads(
              "linearForward",
              rig -> {
                Tensor y = rig.inOut(dy, rows, out);
                try (Linear linear = rig.backend().linear(rig.input(w, out, in), DType.F32)) {
                  rig.backend().linearForward(linear, rig.input(x, rows, in), y, accumulate);
                }
                return rig.get(y);
              });
          sameForAnyThreads(
              "linearBackwardInput",
              rig -> {
                Tensor dx = rig.inOut(x, rows, in);
                try (Linear linear = rig.backend().linear(rig.input(w, out, in), DType.F32)) {
                  rig.backend()
                      .linearBackwardInput(linear, rig.input(dy, rows, out), dx, accumulate);
                }
                return rig.get(dx);
              });
        }
        sameForAnyThreads(
            "linearBackwardWeight",
            rig -> {
              Tensor dw = rig.inOut(w, out, in);
              rig.backend()
                  .linearBackwardWeight(rig.input(x, rows, in), rig.input(dy, rows, out), dw);
              return rig.get(dw);
            });
        sameForAnyThreads(
            "addBiasBackward",
            rig -> {
              Tensor dBias = rig.inOut(Numbers.normal(22, out, 1), out);
              rig.backend().addBiasBackward(rig.input(dy, rows, out), dBias);
              return rig.get(dBias);
            });
      }
    }
  }
}
