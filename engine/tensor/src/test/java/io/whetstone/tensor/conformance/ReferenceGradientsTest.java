package io.whetstone.tensor.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.whetstone.tensor.AttentionForm;
import io.whetstone.tensor.Gate;
import io.whetstone.tensor.Heads;
import io.whetstone.tensor.Segments;
import java.util.function.ToDoubleFunction;
import org.junit.jupiter.api.Test;

/**
 * The references' gradients against their own forwards, by finite differences; so a backend that
 * agrees with a reference has the gradient of what it computes.
 */
class ReferenceGradientsTest {
  @Test
  void linear() {
    int rows = 3;
    int in = 5;
    int out = 4;
    double[] x = Numbers.normal(1, rows * in, 1);
    double[] w = Numbers.normal(2, out * in, 1);
    double[] dy = Numbers.normal(3, rows * out, 1);
    double[] none = new double[rows * out];
    check(
        "dx",
        x,
        at -> dot(dy, ReferenceLinear.forward(at, w, none, rows, in, out)),
        ReferenceLinear.backwardInput(dy, w, new double[rows * in], rows, in, out));
    check(
        "dW",
        w,
        at -> dot(dy, ReferenceLinear.forward(x, at, none, rows, in, out)),
        ReferenceLinear.backwardWeight(x, dy, new double[out * in], rows, in, out));
    check(
        "dBias",
        Numbers.normal(4, out, 1),
        at -> dot(dy, ReferenceLinear.addBias(at, none, rows)),
        ReferenceLinear.addBiasBackward(dy, new double[out], rows));
  }

  @Test
  void rmsNorm() {
    int rows = 3;
    int n = 5;
    for (double offset : new double[] {0, 1}) {
      double[] x = Numbers.normal(5, rows * n, 1);
      double[] weight = Numbers.normal(6, n, 1);
      double[] dy = Numbers.normal(7, rows * n, 1);
      double[] rstd = ReferenceNorm.forward(x, weight, rows, 0.1, offset).rstd().values();
      ReferenceNorm.Backward backward =
          ReferenceNorm.backward(dy, x, weight, rstd, offset, new double[rows * n], new double[n]);
      check(
          "dx",
          x,
          at -> dot(dy, ReferenceNorm.forward(at, weight, rows, 0.1, offset).y()),
          backward.dx());
      check(
          "dWeight",
          weight,
          at -> dot(dy, ReferenceNorm.forward(x, at, rows, 0.1, offset).y()),
          backward.dWeight());
    }
  }

  /** Rotating back is the gradient of rotating. */
  @Test
  void rope() {
    Heads heads = new Heads(2, 1, 6);
    int[] positions = {3, 0, 9};
    double[] table = ReferenceRope.table(10, 6, 10_000);
    double[] fused = Numbers.normal(8, 3 * heads.fusedColumns(), 1);
    double[] d = Numbers.normal(9, 3 * heads.fusedColumns(), 1);
    check(
        "dFused",
        fused,
        at -> dot(d, ReferenceRope.rotate(at, heads, positions, table, false)),
        ReferenceRope.rotate(d, heads, positions, table, true));
  }

  @Test
  void gates() {
    for (Gate gate : Gate.values()) {
      double[] x = Numbers.normal(10, 4 * 10, 1.5);
      double[] dy = Numbers.normal(11, 4 * 5, 1);
      check(
          gate.name(),
          x,
          at -> dot(dy, ReferenceGate.forward(gate, at, 4, 5)),
          ReferenceGate.backward(gate, dy, x, 4, 5));
    }
  }

  @Test
  void attention() {
    Segments segments =
        new Segments(
            new int[] {0, 3, 5, 5}, new int[] {3, 5, 5, 8}, new int[4], new int[] {0, 3, 2, 2});
    for (Heads heads : new Heads[] {new Heads(1, 1, 2), new Heads(4, 2, 4), new Heads(3, 1, 6)}) {
      int rows = segments.rows();
      double[] fused = Numbers.normal(12, rows * heads.fusedColumns(), 1);
      double[] dOut = Numbers.normal(13, rows * heads.outputColumns(), 1);
      for (AttentionForm form :
          new AttentionForm[] {
            AttentionForm.scaled(0.6f), new AttentionForm(0.6f, 1.5f, 0), new AttentionForm(1, 2, 3)
          }) {
        ReferenceAttention reference = new ReferenceAttention(fused, heads, segments, form);
        check(
            heads + ", " + form,
            fused,
            at -> dot(dOut, new ReferenceAttention(at, heads, segments, form).forward().out()),
            reference.backward(dOut, reference.forward().out().values()));
      }
    }
  }

  @Test
  void head() {
    int rows = 4;
    int h = 3;
    int vocabulary = 5;
    int[] targets = {4, 0, 2, 2};
    double[] x = Numbers.normal(14, rows * h, 1);
    double[] w = Numbers.normal(15, vocabulary * h, 1);
    double[] dLogprobs = Numbers.normal(16, rows, 1);
    double[] dEntropy = Numbers.normal(17, rows, 1);
    for (double temperature : new double[] {0.5, 1, 2.5}) {
      for (double softCap : new double[] {0, 1.5}) {
        ReferenceHead.Backward backward =
            new ReferenceHead(x, w, targets, h, softCap, temperature)
                .backward(dLogprobs, dEntropy, new double[w.length]);
        check(
            "dx",
            x,
            at ->
                loss(
                    new ReferenceHead(at, w, targets, h, softCap, temperature),
                    dLogprobs,
                    dEntropy),
            backward.dx());
        check(
            "dHead",
            w,
            at ->
                loss(
                    new ReferenceHead(x, at, targets, h, softCap, temperature),
                    dLogprobs,
                    dEntropy),
            backward.dHead());
      }
    }
  }

  private static double loss(ReferenceHead head, double[] dLogprobs, double[] dEntropy) {
    ReferenceHead.Forward forward = head.forward();
    return dot(dLogprobs, forward.logprobs()) + dot(dEntropy, forward.entropy());
  }

  private static double dot(double[] weights, Expected values) {
    double sum = 0;
    for (int i = 0; i < weights.length; i++) {
      sum += weights[i] * values.value(i);
    }
    return sum;
  }

  /** Central differences of fourth order, each element in turn. */
  private static void check(
      String what, double[] at, ToDoubleFunction<double[]> loss, Expected gradient) {
    double step = 1e-3;
    for (int i = 0; i < at.length; i++) {
      double far = loss.applyAsDouble(moved(at, i, 2 * step));
      double near = loss.applyAsDouble(moved(at, i, step));
      double back = loss.applyAsDouble(moved(at, i, -step));
      double farBack = loss.applyAsDouble(moved(at, i, -2 * step));
      double numeric = (8 * (near - back) - (far - farBack)) / (12 * step);
      assertEquals(numeric, gradient.value(i), 1e-8 * (1 + gradient.magnitude(i)), what + " " + i);
    }
  }

  private static double[] moved(double[] at, int index, double by) {
    double[] moved = at.clone();
    moved[index] += by;
    return moved;
  }
}
