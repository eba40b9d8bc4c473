package io.whetstone.tensor.conformance;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.whetstone.tensor.Backend;
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

  /** In F32; in BF16 with sums as they are, added, and rounded. */
  @Test
  default void linearForward() {
    for (DType dtype : computeTypes()) {
      for (int[] shape : SHAPES) {
        int in = shape[0];
        int out = shape[1];
        double[] w = Numbers.as(dtype, Numbers.normal(1, out * in, 0.3));
        try (Linear linear = linear(w, out, in, dtype)) {
          assertEquals(in, linear.in());
          assertEquals(out, linear.out());
          assertEquals(dtype, linear.dtype());
          for (int rows : ROWS) {
            double[] values = Numbers.as(dtype, Numbers.normal(2, rows * in, 1));
            double[] before = Numbers.normal(3, rows * out, 1);
            Tensor x = rig().input(dtype, values, rows, in);
            String what = "%s [%d × %d] · [%d × %d]ᵀ".formatted(dtype, rows, in, out, in);
            double[] zeros = new double[before.length];
            Expected expected = ReferenceLinear.forward(values, w, zeros, rows, in, out);

            Tensor y = rig().output(rows, out);
            rig().backend().linearForward(linear, x, y, false);
            expected.check(what, rig().get(y));

            Tensor own = rig().output(dtype, rows, out);
            rig().backend().linearForward(linear, x, own, false);
            expected.check(what + ", as " + dtype, rig().get(own), dtype);

            Tensor sum = rig().inOut(before, rows, out);
            rig().backend().linearForward(linear, x, sum, true);
            ReferenceLinear.forward(values, w, before, rows, in, out)
                .check(what + ", accumulated", rig().get(sum));
          }
        }
      }
    }
  }

  @Test
  default void linearBackwardInput() {
    for (DType dtype : computeTypes()) {
      for (int[] shape : SHAPES) {
        int in = shape[0];
        int out = shape[1];
        double[] w = Numbers.as(dtype, Numbers.normal(4, out * in, 0.3));
        try (Linear linear = linear(w, out, in, dtype)) {
          for (int rows : ROWS) {
            double[] values = Numbers.as(dtype, Numbers.normal(5, rows * out, 1));
            double[] before = Numbers.normal(6, rows * in, 1);
            Tensor dy = rig().input(dtype, values, rows, out);
            String what = "%s [%d × %d] · [%d × %d]".formatted(dtype, rows, out, out, in);
            double[] zeros = new double[before.length];
            Expected expected = ReferenceLinear.backwardInput(values, w, zeros, rows, in, out);

            Tensor dx = rig().output(rows, in);
            rig().backend().linearBackwardInput(linear, dy, dx, false);
            expected.check(what, rig().get(dx));

            Tensor own = rig().output(dtype, rows, in);
            rig().backend().linearBackwardInput(linear, dy, own, false);
            expected.check(what + ", as " + dtype, rig().get(own), dtype);

            Tensor sum = rig().inOut(before, rows, in);
            rig().backend().linearBackwardInput(linear, dy, sum, true);
            ReferenceLinear.backwardInput(values, w, before, rows, in, out)
                .check(what + ", accumulated", rig().get(sum));
          }
        }
      }
    }
  }

  @Test
  default void linearBackwardWeightAccumulates() {
    for (DType dtype : computeTypes()) {
      for (int[] shape : SHAPES) {
        int in = shape[0];
        int out = shape[1];
        for (int rows : ROWS) {
          double[] x = Numbers.as(dtype, Numbers.normal(7, rows * in, 1));
          double[] dy = Numbers.as(dtype, Numbers.normal(8, rows * out, 1));
          double[] before = Numbers.normal(9, out * in, 1);
          Tensor dw = rig().inOut(before, out, in);
          rig()
              .backend()
              .linearBackwardWeight(
                  rig().input(dtype, x, rows, in), rig().input(dtype, dy, rows, out), dw);
          ReferenceLinear.backwardWeight(x, dy, before, rows, in, out)
              .check(
                  "%s [%d × %d]ᵀ · [%d × %d]".formatted(dtype, rows, out, rows, in), rig().get(dw));
        }
      }
    }
  }

  /** A master is F32, or BF16 where it is never trained: then both give the same bits. */
  @Test
  default void refreshReadsTheMasterAgain() {
    int in = 65;
    int out = 33;
    for (DType dtype : computeTypes()) {
      for (DType stored : computeTypes()) {
        Tensor master = rig().output(stored, out, in);
        rig().backend().write(master, Numbers.floats(Numbers.normal(10, out * in, 1)));
        double[] x = Numbers.as(dtype, Numbers.normal(11, 7 * in, 1));
        double[] dy = Numbers.as(dtype, Numbers.normal(12, 7 * out, 1));
        Tensor input = rig().input(dtype, x, 7, in);
        Tensor gradient = rig().input(dtype, dy, 7, out);
        try (Linear linear = rig().backend().linear(master, dtype)) {
          rig().backend().linearForward(linear, input, rig().output(7, out), false);
          rig().backend().linearBackwardInput(linear, gradient, rig().output(7, in), false);
          double[] next = Numbers.as(stored, Numbers.normal(13, out * in, 1));
          rig().backend().write(master, Numbers.floats(next));
          linear.refresh();
          double[] used = Numbers.as(dtype, next);
          Tensor y = rig().output(7, out);
          rig().backend().linearForward(linear, input, y, false);
          ReferenceLinear.forward(x, used, new double[7 * out], 7, in, out)
              .check("y", rig().get(y));
          Tensor dx = rig().output(7, in);
          rig().backend().linearBackwardInput(linear, gradient, dx, false);
          ReferenceLinear.backwardInput(dy, used, new double[7 * in], 7, in, out)
              .check("dx", rig().get(dx));
          assertArrayEquals(Numbers.floats(next), rig().get(master), "the master is only read");
        }
      }
    }
  }

  /** A linear of a F32 master. */
  private Linear linear(double[] w, int out, int in, DType dtype) {
    return rig().backend().linear(rig().input(w, out, in), dtype);
  }

  @Test
  default void biasForwardAndBackward() {
    for (DType type : computeTypes()) {
      for (int rows : ROWS) {
        for (int columns : new int[] {1, 3, 20, 22, 65, 352}) {
          biasForwardAndBackward(type, rows, columns);
        }
      }
    }
  }

  private void biasForwardAndBackward(DType type, int rows, int columns) {
    double[] bias = Numbers.normal(14, columns, 1);
    double[] y = Numbers.as(type, Numbers.normal(15, rows * columns, 1));
    Tensor sum = rig().inOut(type, y, rows, columns);
    rig().backend().addBias(rig().input(bias, columns), sum);
    ReferenceLinear.addBias(bias, y, rows).check(type + " addBias", rig().get(sum), type);
    Tensor dBias = rig().inOut(bias, columns);
    rig().backend().addBiasBackward(rig().input(type, y, rows, columns), dBias);
    ReferenceLinear.addBiasBackward(y, bias, rows)
        .check(type + " addBiasBackward", rig().get(dBias));
  }

  /** Two shapes over every number of rows, the others over those where blocks begin and end. */
  @Test
  default void linearRowsDoNotDependOnTheirNumber() {
    needsExact();
    int[] all = new int[512];
    Arrays.setAll(all, i -> i + 1);
    int[] few = {1, 2, 3, 4, 5, 8, 15, 17, 64, 65, 257};
    int[] some = {
      1, 2, 3, 4, 5, 6, 7, 8, 9, 13, 15, 16, 17, 31, 32, 33, 48, 63, 64, 65, 96, 127, 128, 129, 255,
      256, 257, 384, 511, 512
    };
    for (DType dtype : computeTypes()) {
      rowsDoNotDependOnTheirNumber(dtype, 96, 160, all);
      rowsDoNotDependOnTheirNumber(dtype, 65, 33, all);
      rowsDoNotDependOnTheirNumber(dtype, 128, 384, some);
      rowsDoNotDependOnTheirNumber(dtype, 128, 704, some);
      rowsDoNotDependOnTheirNumber(dtype, 352, 128, some);
      rowsDoNotDependOnTheirNumber(dtype, 128, 22, some);
      rowsDoNotDependOnTheirNumber(dtype, 600, 40, some);
      rowsDoNotDependOnTheirNumber(dtype, 1, 3, some);
      rowsDoNotDependOnTheirNumber(dtype, 1100, 130, few);
    }
  }

  /** Forward and backward; in BF16 the forward's sums as they are, and rounded. */
  private void rowsDoNotDependOnTheirNumber(DType dtype, int in, int out, int[] numbers) {
    Tensor x = rig().input(dtype, Numbers.normal(16, 512 * in, 1), 512, in);
    Tensor dy = rig().input(dtype, Numbers.normal(17, 512 * out, 1), 512, out);
    Tensor y = rig().output(512, out);
    Tensor own = rig().output(dtype, 512, out);
    Tensor dx = rig().output(512, in);
    Backend b = rig().backend();
    try (Linear linear = linear(Numbers.normal(18, out * in, 1), out, in, dtype)) {
      b.linearForward(linear, x, y, false);
      b.linearForward(linear, x, own, false);
      b.linearBackwardInput(linear, dy, dx, false);
      float[] allY = rig().get(y);
      float[] allOwn = rig().get(own);
      float[] allDx = rig().get(dx);
      for (int rows : numbers) {
        int from = rows % 5 * (512 - rows) / 4;
        Tensor some = x.rows(from, from + rows);
        String what = dtype + ", in %d, out %d: rows [%d, %d) of 512";
        what = what.formatted(in, out, from, from + rows);
        b.fill(y, Float.NaN);
        b.linearForward(linear, some, y.rows(0, rows), false);
        sameRows(what + " forward", allY, from, rows, out, rig().get(y));
        b.fill(own, Float.NaN);
        b.linearForward(linear, some, own.rows(0, rows), false);
        sameRows(what + " forward, as " + dtype, allOwn, from, rows, out, rig().get(own));
        b.fill(dx, Float.NaN);
        b.linearBackwardInput(linear, dy.rows(from, from + rows), dx.rows(0, rows), false);
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
    for (DType dtype : computeTypes()) {
      for (int[] shape : new int[][] {{128, 200}, {65, 33}, {7, 352}}) {
        for (int rows : new int[] {1, 2, 5, 64, 300}) {
          sameForAnyThreads(dtype, shape[0], shape[1], rows);
        }
      }
    }
  }

  private void sameForAnyThreads(DType dtype, int in, int out, int rows) {
    double[] w = Numbers.normal(19, out * in, 1);
    double[] x = Numbers.normal(20, rows * in, 1);
    double[] dy = Numbers.normal(21, rows * out, 1);
    for (boolean accumulate : new boolean[] {false, true}) {
      sameForAnyThreads(
          dtype + " linearForward",
          rig -> {
            Tensor y = rig.inOut(dy, rows, out);
            try (Linear linear = rig.backend().linear(rig.input(w, out, in), dtype)) {
              rig.backend().linearForward(linear, rig.input(dtype, x, rows, in), y, accumulate);
            }
            return rig.get(y);
          });
      sameForAnyThreads(
          dtype + " linearBackwardInput",
          rig -> {
            Tensor dx = rig.inOut(x, rows, in);
            try (Linear linear = rig.backend().linear(rig.input(w, out, in), dtype)) {
              rig.backend()
                  .linearBackwardInput(linear, rig.input(dtype, dy, rows, out), dx, accumulate);
            }
            return rig.get(dx);
          });
    }
    sameForAnyThreads(
        dtype + " linearBackwardWeight",
        rig -> {
          Tensor dw = rig.inOut(w, out, in);
          rig.backend()
              .linearBackwardWeight(
                  rig.input(dtype, x, rows, in), rig.input(dtype, dy, rows, out), dw);
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
