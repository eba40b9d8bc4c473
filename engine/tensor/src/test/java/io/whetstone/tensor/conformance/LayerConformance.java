package io.whetstone.tensor.conformance;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.whetstone.tensor.DType;
import io.whetstone.tensor.Gate;
import io.whetstone.tensor.Heads;
import io.whetstone.tensor.Tensor;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** Embedding, RMSNorm, RoPE and gates, forward and backward. */
interface LayerConformance extends Conformance {
  int[] LAYER_ROWS = {0, 1, 3, 17, 65};
  int[] COLUMNS = {1, 2, 7, 20, 22, 33, 64, 65, 352};

  @Test
  default void embeddingCopiesRows() {
    for (DType type : computeTypes()) {
      for (int columns : COLUMNS) {
        embeddingCopiesRows(type, columns);
      }
    }
  }

  private void embeddingCopiesRows(DType type, int columns) {
    double[] table = Numbers.as(type, Numbers.normal(1, 5 * columns, 1));
    for (int[] ids : new int[][] {{}, {4}, {0, 4, 4, 0, 2, 4, 1}}) {
      Tensor y = rig().output(ids.length, columns);
      rig().backend().embedding(ids, rig().input(type, table, 5, columns), y);
      float[] expected = new float[ids.length * columns];
      for (int i = 0; i < expected.length; i++) {
        expected[i] = (float) table[ids[i / columns] * columns + i % columns];
      }
      assertArrayEquals(expected, rig().get(y));
    }
  }

  /** In the order of the tokens, so there is only one right answer for an id that repeats. */
  @Test
  default void embeddingBackwardAddsInOrder() {
    for (int columns : COLUMNS) {
      int[] ids = Numbers.below(2, 65, 5);
      double[] dy = Numbers.normal(3, ids.length * columns, 1);
      double[] before = Numbers.normal(4, 6 * columns, 1);
      float[] expected = Numbers.floats(before);
      for (int i = 0; i < dy.length; i++) {
        expected[ids[i / columns] * columns + i % columns] += (float) dy[i];
      }
      for (Rig rig : rigs()) {
        Tensor dTable = rig.inOut(before, 6, columns);
        rig.backend().embeddingBackward(ids, rig.input(dy, ids.length, columns), dTable);
        assertArrayEquals(expected, rig.get(dTable), columns + " columns, " + rig);
      }
    }
  }

  @Test
  default void rmsNormForwardAndBackward() {
    for (DType type : computeTypes()) {
      for (int rows : LAYER_ROWS) {
        for (int columns : COLUMNS) {
          for (float offset : new float[] {0, 1}) {
            for (double deviation : new double[] {1e-4, 1, 1e6}) {
              rmsNorm(type, rows, columns, offset, Numbers.normal(5, rows * columns, deviation));
            }
            rmsNorm(type, rows, columns, offset, new double[rows * columns]);
          }
        }
      }
    }
  }

  private void rmsNorm(DType type, int rows, int columns, float offset, double[] x) {
    float epsilon = 1e-5f;
    double[] weight = Numbers.normal(6, columns, 1);
    String what = "rmsNorm %s [%d × %d], offset %s".formatted(type, rows, columns, offset);
    Tensor tensorX = rig().input(x, rows, columns);
    Tensor tensorWeight = rig().input(weight, columns);
    Tensor y = rig().output(type, rows, columns);
    Tensor rstd = rig().output(rows);
    rig().backend().rmsNorm(tensorX, tensorWeight, epsilon, offset, y, rstd);
    ReferenceNorm.Forward forward = ReferenceNorm.forward(x, weight, rows, epsilon, offset);
    forward.y().check(what + " y", rig().get(y), type);
    forward.rstd().check(what + " rstd", rig().get(rstd));

    if (type == DType.F32) {
      Tensor inPlace = rig().inOut(x, rows, columns);
      rig().backend().rmsNorm(inPlace, tensorWeight, epsilon, offset, inPlace, rig().output(rows));
      assertArrayEquals(rig().get(y), rig().get(inPlace), what + " in place");
    }

    double[] dy = Numbers.as(type, Numbers.normal(7, rows * columns, 1));
    double[] beforeDx = Numbers.normal(8, rows * columns, 1);
    double[] beforeDWeight = Numbers.normal(9, columns, 1);
    Tensor dx = rig().inOut(beforeDx, rows, columns);
    Tensor dWeight = rig().inOut(beforeDWeight, columns);
    rig()
        .backend()
        .rmsNormBackward(
            rig().input(type, dy, rows, columns),
            tensorX,
            tensorWeight,
            offset,
            rig().keep(rstd),
            dx,
            dWeight);
    ReferenceNorm.Backward backward =
        ReferenceNorm.backward(
            dy, x, weight, forward.rstd().values(), offset, beforeDx, beforeDWeight);
    backward.dx().check(what + " dx", rig().get(dx));
    backward.dWeight().check(what + " dWeight", rig().get(dWeight));
  }

  @Test
  default void rmsNormRowsDoNotDependOnTheirNumber() {
    needsExact();
    for (int columns : new int[] {22, 65, 128}) {
      double[] x = Numbers.normal(10, 512 * columns, 1);
      Tensor weight = rig().input(Numbers.normal(11, columns, 1), columns);
      Tensor tensorX = rig().input(x, 512, columns);
      Tensor y = rig().output(512, columns);
      rig().backend().rmsNorm(tensorX, weight, 1e-6f, 0, y, rig().output(512));
      float[] all = rig().get(y);
      for (int rows = 1; rows <= 512; rows += rows < 70 ? 1 : 37) {
        int from = 512 - rows;
        Tensor part = rig().output(rows, columns);
        rig()
            .backend()
            .rmsNorm(tensorX.rows(from, 512), weight, 1e-6f, 0, part, rig().output(rows));
        assertArrayEquals(
            Arrays.copyOfRange(all, from * columns, 512 * columns),
            rig().get(part),
            rows + " rows");
      }
    }
  }

  @Test
  default void layersAreTheSameForAnyThreads() {
    needsExact();
    for (DType type : computeTypes()) {
      for (int rows : new int[] {1, 5, 64, 300}) {
        for (int columns : new int[] {22, 128, 352}) {
          layersAreTheSameForAnyThreads(type, rows, columns);
        }
      }
    }
  }

  private void layersAreTheSameForAnyThreads(DType type, int rows, int columns) {
    double[] x = Numbers.normal(12, rows * columns, 1);
    double[] dy = Numbers.normal(13, rows * columns, 1);
    double[] weight = Numbers.normal(14, columns, 1);
    double[] rstd = new double[rows];
    Arrays.fill(rstd, 0.75);
    sameForAnyThreads(
        "rmsNorm",
        rig -> {
          Tensor y = rig.output(type, rows, columns);
          rig.backend()
              .rmsNorm(
                  rig.input(x, rows, columns),
                  rig.input(weight, columns),
                  1e-5f,
                  0,
                  y,
                  rig.output(rows));
          return rig.get(y);
        });
    for (boolean ofWeight : new boolean[] {false, true}) {
      sameForAnyThreads(
          "rmsNormBackward",
          rig -> {
            Tensor dx = rig.inOut(dy, rows, columns);
            Tensor dWeight = rig.inOut(weight, columns);
            rig.backend()
                .rmsNormBackward(
                    rig.input(type, dy, rows, columns),
                    rig.input(x, rows, columns),
                    rig.input(weight, columns),
                    0,
                    rig.input(rstd, rows),
                    dx,
                    dWeight);
            return rig.get(ofWeight ? dWeight : dx);
          });
    }
    for (Gate gate : Gate.values()) {
      sameForAnyThreads(
          "gated " + gate,
          rig -> {
            Tensor y = rig.output(type, rows, columns / 2);
            rig.backend().gated(gate, rig.input(type, x, rows, columns), y);
            return rig.get(y);
          });
      sameForAnyThreads(
          "gatedBackward " + gate,
          rig -> {
            Tensor dx = rig.output(type, rows, columns);
            double[] half = Arrays.copyOf(dy, rows * columns / 2);
            rig.backend()
                .gatedBackward(
                    gate,
                    rig.input(type, half, rows, columns / 2),
                    rig.input(type, x, rows, columns),
                    dx);
            return rig.get(dx);
          });
    }
  }

  @Test
  default void ropeRotatesQueriesAndKeys() {
    for (Heads heads :
        new Heads[] {
          new Heads(1, 1, 2),
          new Heads(2, 1, 4),
          new Heads(4, 1, 6),
          new Heads(3, 3, 10),
          new Heads(4, 2, 16),
          new Heads(6, 3, 22),
          new Heads(4, 2, 32),
          new Heads(2, 2, 64)
        }) {
      double[] table = ReferenceRope.table(100, heads.size(), 10_000);
      Tensor tensorTable = rig().input(table, 100, heads.size());
      for (DType type : computeTypes()) {
        for (int rows : LAYER_ROWS) {
          int[] positions = Numbers.below(15, rows, 100);
          double[] fused = Numbers.as(type, Numbers.normal(16, rows * heads.fusedColumns(), 1));
          for (boolean inverse : new boolean[] {false, true}) {
            Tensor rotated = rig().inOut(type, fused, rows, heads.fusedColumns());
            rig().backend().rope(rotated, heads, positions, tensorTable, inverse);
            ReferenceRope.rotate(fused, heads, positions, table, inverse)
                .check(heads + ", " + type + ", inverse " + inverse, rig().get(rotated), type);
            valuesAreLeftAlone(heads, rows, fused, rig().get(rotated));
          }
        }
      }
    }
  }

  private static void valuesAreLeftAlone(Heads heads, int rows, double[] before, float[] after) {
    int columns = heads.fusedColumns();
    for (int i = 0; i < rows * columns; i++) {
      if (i % columns >= (heads.queries() + heads.keyValues()) * heads.size()) {
        assertEquals((float) before[i], after[i], "a value head changed");
      }
    }
  }

  /** A row's bits follow from its numbers and its position, not from its place in the batch. */
  @Test
  default void ropeRowsAreIndependent() {
    needsExact();
    Heads heads = new Heads(4, 2, 32);
    int columns = heads.fusedColumns();
    int rows = 77;
    int[] positions = Numbers.below(17, rows, 100);
    double[] fused = Numbers.normal(18, rows * columns, 1);
    double[] table = ReferenceRope.table(100, heads.size(), 10_000);
    sameForAnyThreads(
        "rope",
        rig -> {
          Tensor rotated = rig.inOut(fused, rows, columns);
          rig.backend().rope(rotated, heads, positions, rig.input(table, 100, heads.size()), false);
          return rig.get(rotated);
        });
    Tensor all = rig().inOut(fused, rows, columns);
    Tensor tensorTable = rig().input(table, 100, heads.size());
    rig().backend().rope(all, heads, positions, tensorTable, false);
    Tensor alone = rig().inOut(fused, rows, columns);
    for (int r = 0; r < rows; r++) {
      rig()
          .backend()
          .rope(alone.rows(r, r + 1), heads, new int[] {positions[r]}, tensorTable, false);
    }
    assertArrayEquals(rig().get(all), rig().get(alone));
  }

  @Test
  default void gatesForwardAndBackward() {
    for (DType type : computeTypes()) {
      for (Gate gate : Gate.values()) {
        for (int rows : LAYER_ROWS) {
          for (int n : COLUMNS) {
            gateForwardAndBackward(type, gate, rows, n);
          }
        }
      }
    }
  }

  private void gateForwardAndBackward(DType type, Gate gate, int rows, int n) {
    for (double deviation : new double[] {1, 40}) {
      double[] x = Numbers.normal(19, rows * 2 * n, deviation);
      for (int r = 0; r < rows && deviation > 1; r++) {
        x[r * 2 * n + r % n] = new double[] {80, -80, 0, -1e4, 1e4}[r % 5];
      }
      x = Numbers.as(type, x);
      double[] dy = Numbers.as(type, Numbers.normal(20, rows * n, 1));
      String what = "%s %s [%d × %d]".formatted(type, gate, rows, n);
      Tensor y = rig().output(type, rows, n);
      rig().backend().gated(gate, rig().input(type, x, rows, 2 * n), y);
      ReferenceGate.forward(gate, x, rows, n).check(what + " y", rig().get(y), type);
      Tensor dx = rig().output(type, rows, 2 * n);
      rig()
          .backend()
          .gatedBackward(
              gate, rig().input(type, dy, rows, n), rig().input(type, x, rows, 2 * n), dx);
      ReferenceGate.backward(gate, dy, x, rows, n).check(what + " dx", rig().get(dx), type);
    }
  }
}
