package io.whetstone.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.whetstone.tensor.Heads;
import io.whetstone.tensor.Philox;
import io.whetstone.tensor.Segments;
import io.whetstone.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class AttentionBackwardTest {
  static List<Heads> heads() {
    return AttentionTest.heads();
  }

  /** A prefix over two segments, one inside a segment, empty segments, one cut into three units. */
  private static final Segments MIXED =
      new Segments(
          new int[] {0, 9, 9, 20, 25, 58, 59, 59, 640},
          new int[] {9, 9, 20, 25, 58, 59, 59, 640, 660},
          new int[] {0, 0, 0, 0, 3, 12, 0, 0, 0},
          new int[] {0, 0, 0, 20, 17, 13, 20, 20, 0});

  @ParameterizedTest
  @MethodSource("heads")
  void agreesWithDoublePrecisionOnAnyNumberOfThreads(Heads heads) {
    AttentionCase attention = new AttentionCase(heads, MIXED, 5);
    int rows = MIXED.rows();
    float[] dOut = new float[rows * heads.outputColumns()];
    for (int i = 0; i < dOut.length; i++) {
      dOut[i] = (float) Philox.normal(6, i);
    }
    float[] got = backward(attention, dOut, 1);
    AttentionTest.assertBits(got, backward(attention, dOut, 2));
    AttentionTest.assertBits(
        got, backward(attention, dOut, 1, new FloatVectors(), new SoftmaxVectors()));
    double[] expected = expected(attention, dOut);
    for (int i = 0; i < got.length; i++) {
      int at = i;
      assertEquals(
          expected[i],
          got[i],
          1e-4 * Math.max(1, Math.abs(expected[i])),
          () -> "row " + at / heads.fusedColumns() + ", column " + at % heads.fusedColumns());
    }
  }

  static float[] backward(AttentionCase attention, float[] dOut, int threads) {
    return backward(
        attention, dOut, threads, FloatTiles.forThisMachine(), SoftmaxKernel.forThisMachine());
  }

  private static float[] backward(
      AttentionCase attention,
      float[] dOut,
      int threads,
      FloatTiles products,
      SoftmaxKernel softmax) {
    Heads heads = attention.heads;
    int rows = attention.segments.rows();
    float[][] forward = attention.packed(threads, products, softmax);
    float[] undefined = new float[rows * heads.fusedColumns()];
    Arrays.fill(undefined, Float.NaN);
    Tensor dFused = AttentionCase.tensor(attention.type, undefined, rows, heads.fusedColumns());
    new AttentionBackward(new TestWorkers(threads), products, softmax)
        .attentionBackward(
            AttentionCase.tensor(attention.type, dOut, rows, heads.outputColumns()),
            attention.fused,
            heads,
            attention.segments,
            attention.form,
            AttentionCase.tensor(attention.type, forward[0], rows, heads.outputColumns()),
            AttentionCase.tensor(forward[1], rows, heads.queries()),
            dFused);
    return AttentionCase.floats(dFused);
  }

  private static double[] expected(AttentionCase attention, float[] dOut) {
    Heads heads = attention.heads;
    Segments segments = attention.segments;
    float[] fused = AttentionCase.floats(attention.fused);
    double[] gradient = new double[fused.length];
    for (int s = 0; s < segments.count(); s++) {
      for (int r = segments.start()[s]; r < segments.end()[s]; r++) {
        for (int h = 0; h < heads.queries(); h++) {
          addGradient(attention, fused, dOut, attention.seen(s, r), r, h, gradient);
        }
      }
    }
    return gradient;
  }

  private static void addGradient(
      AttentionCase c, float[] fused, float[] dOut, int[] seen, int r, int h, double[] gradient) {
    Heads heads = c.heads;
    int size = heads.size();
    int columns = heads.fusedColumns();
    int query = r * columns + h * size;
    int key = (heads.queries() + h / heads.group()) * size;
    int value = key + heads.keyValues() * size;
    int out = r * heads.outputColumns() + h * size;
    double[] p = new double[seen.length];
    double[] dp = new double[seen.length];
    double sum = 0;
    for (int j = 0; j < seen.length; j++) {
      double s = 0;
      for (int d = 0; d < size; d++) {
        s += (double) fused[query + d] * fused[seen[j] * columns + key + d];
        dp[j] += (double) dOut[out + d] * fused[seen[j] * columns + value + d];
      }
      p[j] = Math.exp(c.form.scale() * s);
      sum += p[j];
    }
    double mean = 0;
    for (int j = 0; j < seen.length; j++) {
      p[j] /= sum;
      mean += p[j] * dp[j];
    }
    for (int j = 0; j < seen.length; j++) {
      double ds = c.form.scale() * p[j] * (dp[j] - mean);
      for (int d = 0; d < size; d++) {
        gradient[query + d] += ds * fused[seen[j] * columns + key + d];
        gradient[seen[j] * columns + key + d] += ds * fused[query + d];
        gradient[seen[j] * columns + value + d] += p[j] * dOut[out + d];
      }
    }
  }
}
