package io.whetstone.tensor.conformance;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.whetstone.tensor.DType;
import io.whetstone.tensor.Heads;
import io.whetstone.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Norms of query and key heads, forward and backward. */
interface HeadNormConformance extends Conformance {
  float EPSILON = 1e-5f;

  List<Heads> NORMED_HEADS =
      List.of(
          new Heads(1, 1, 2),
          new Heads(4, 1, 6),
          new Heads(3, 3, 10),
          new Heads(6, 2, 32),
          new Heads(2, 1, 64));

  /** Each head by itself, all of them together, and each kind its own way. */
  @Test
  default void headNormForwardAndBackward() {
    for (DType type : computeTypes()) {
      for (Heads heads : NORMED_HEADS) {
        for (int rows : new int[] {0, 1, 3, 65}) {
          for (float offset : new float[] {0, 1}) {
            for (boolean queriesTogether : new boolean[] {false, true}) {
              for (boolean keysTogether : new boolean[] {false, true}) {
                headNorm(new Case(type, heads, rows, offset, queriesTogether, keysTogether));
              }
            }
          }
        }
      }
    }
  }

  /** One call's shapes and numbers. */
  record Case(
      DType type,
      Heads heads,
      int rows,
      float offset,
      boolean queriesTogether,
      boolean keysTogether) {
    int queryRun() {
      return queriesTogether ? heads.queries() * heads.size() : heads.size();
    }

    int keyRun() {
      return keysTogether ? heads.keyValues() * heads.size() : heads.size();
    }

    int norms() {
      return (heads.queries() * heads.size()) / queryRun()
          + (heads.keyValues() * heads.size()) / keyRun();
    }

    int columns() {
      return heads.fusedColumns();
    }

    double[] fused() {
      return Numbers.as(type, Numbers.normal(1, rows * columns(), 2));
    }

    double[] queryWeight() {
      return Numbers.normal(2, queryRun(), 1);
    }

    double[] keyWeight() {
      return Numbers.normal(3, keyRun(), 1);
    }

    double[] dNormed() {
      return Numbers.as(type, Numbers.normal(4, rows * columns(), 1));
    }

    /** The queries' columns [rows · runs, run], or the keys'. */
    double[] runs(double[] matrix, boolean keys) {
      int from = keys ? heads.queries() * heads.size() : 0;
      int width = (keys ? heads.keyValues() : heads.queries()) * heads.size();
      double[] runs = new double[rows * width];
      for (int r = 0; r < rows; r++) {
        System.arraycopy(matrix, r * columns() + from, runs, r * width, width);
      }
      return runs;
    }
  }

  private void headNorm(Case c) {
    Tensor fused = rig().input(c.type, c.fused(), c.rows, c.columns());
    Tensor queryWeight = rig().input(c.queryWeight(), c.queryRun());
    Tensor keyWeight = rig().input(c.keyWeight(), c.keyRun());
    Tensor normed = rig().output(c.type, c.rows, c.columns());
    Tensor rstd = rig().output(c.rows, c.norms());
    rig()
        .backend()
        .headNorm(fused, c.heads, queryWeight, keyWeight, EPSILON, c.offset, normed, rstd);
    Tensor inPlace = rig().inOut(c.type, c.fused(), c.rows, c.columns());
    rig()
        .backend()
        .headNorm(
            inPlace,
            c.heads,
            queryWeight,
            keyWeight,
            EPSILON,
            c.offset,
            inPlace,
            rig().output(c.rows, c.norms()));
    assertArrayEquals(rig().get(normed), rig().get(inPlace), c + " in place");

    Tensor dFused = rig().output(c.type, c.rows, c.columns());
    double[] before = Numbers.normal(5, c.queryRun() + c.keyRun(), 1);
    Tensor dQueryWeight = rig().inOut(Arrays.copyOf(before, c.queryRun()), c.queryRun());
    double[] beforeKey = Arrays.copyOfRange(before, c.queryRun(), before.length);
    Tensor dKeyWeight = rig().inOut(beforeKey, c.keyRun());
    backward(c, fused, queryWeight, keyWeight, rig().keep(rstd), dFused, dQueryWeight, dKeyWeight);
    for (boolean keys : new boolean[] {false, true}) {
      String what = c + (keys ? " keys" : " queries");
      double[] x = c.runs(c.fused(), keys);
      double[] weight = keys ? c.keyWeight() : c.queryWeight();
      int runs = x.length / weight.length;
      ReferenceNorm.Forward forward = ReferenceNorm.forward(x, weight, runs, EPSILON, c.offset);
      double[] y = c.runs(Numbers.doubles(rig().get(normed)), keys);
      forward.y().check(what, Numbers.floats(y), c.type);
      ReferenceNorm.Backward backward =
          ReferenceNorm.backward(
              c.runs(c.dNormed(), keys),
              x,
              weight,
              forward.rstd().values(),
              c.offset,
              new double[x.length],
              keys ? beforeKey : Arrays.copyOf(before, c.queryRun()));
      double[] dx = c.runs(Numbers.doubles(rig().get(dFused)), keys);
      backward.dx().check(what + " dx", Numbers.floats(dx), c.type);
      backward.dWeight().check(what + " dWeight", rig().get(keys ? dKeyWeight : dQueryWeight));
    }
    valuesPass(c, c.fused(), rig().get(normed));
    valuesPass(c, c.dNormed(), rig().get(dFused));
  }

  private void backward(
      Case c,
      Tensor fused,
      Tensor queryWeight,
      Tensor keyWeight,
      Tensor rstd,
      Tensor dFused,
      Tensor dQueryWeight,
      Tensor dKeyWeight) {
    rig()
        .backend()
        .headNormBackward(
            rig().input(c.type, c.dNormed(), c.rows, c.columns()),
            fused,
            c.heads,
            queryWeight,
            keyWeight,
            c.offset,
            rstd,
            dFused,
            dQueryWeight,
            dKeyWeight);
    Tensor inPlace = rig().inOut(c.type, c.dNormed(), c.rows, c.columns());
    rig()
        .backend()
        .headNormBackward(
            inPlace,
            fused,
            c.heads,
            queryWeight,
            keyWeight,
            c.offset,
            rstd,
            inPlace,
            rig().inOut(new double[c.queryRun()], c.queryRun()),
            rig().inOut(new double[c.keyRun()], c.keyRun()));
    assertArrayEquals(rig().get(dFused), rig().get(inPlace), c + " backward in place");
  }

  private static void valuesPass(Case c, double[] from, float[] to) {
    int first = (c.heads.queries() + c.heads.keyValues()) * c.heads.size();
    for (int i = 0; i < to.length; i++) {
      if (i % c.columns() >= first) {
        assertEquals((float) from[i], to[i], c + ": a value head changed");
      }
    }
  }

  @Test
  default void headNormIsTheSameForAnyThreads() {
    needsExact();
    for (DType type : computeTypes()) {
      for (boolean together : new boolean[] {false, true}) {
        Case c = new Case(type, new Heads(6, 2, 32), 300, 0, together, together);
        for (boolean ofWeight : new boolean[] {false, true}) {
          sameForAnyThreads("headNormBackward " + c, rig -> normThenBackward(rig, c, ofWeight));
        }
      }
    }
  }

  private static float[] normThenBackward(Rig rig, Case c, boolean ofWeight) {
    Tensor fused = rig.input(c.type, c.fused(), c.rows, c.columns());
    Tensor queryWeight = rig.input(c.queryWeight(), c.queryRun());
    Tensor keyWeight = rig.input(c.keyWeight(), c.keyRun());
    Tensor normed = rig.output(c.type, c.rows, c.columns());
    Tensor rstd = rig.output(c.rows, c.norms());
    rig.backend().headNorm(fused, c.heads, queryWeight, keyWeight, EPSILON, 0, normed, rstd);
    Tensor dQueryWeight = rig.inOut(c.queryWeight(), c.queryRun());
    Tensor dKeyWeight = rig.inOut(c.keyWeight(), c.keyRun());
    rig.backend()
        .headNormBackward(
            normed,
            fused,
            c.heads,
            queryWeight,
            keyWeight,
            0,
            rstd,
            normed,
            dQueryWeight,
            dKeyWeight);
    return rig.get(ofWeight ? dQueryWeight : normed);
  }
}
