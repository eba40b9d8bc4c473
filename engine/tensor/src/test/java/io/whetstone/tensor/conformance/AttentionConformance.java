package io.whetstone.tensor.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.whetstone.tensor.AttentionForm;
import io.whetstone.tensor.DType;
import io.whetstone.tensor.Heads;
import io.whetstone.tensor.Segments;
import io.whetstone.tensor.Tensor;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Attention over packed sequences, forward and backward. */
interface AttentionConformance extends Conformance {
  /** Deviation 9 makes logits beyond ±80. */
  double[] DEVIATIONS = {1, 9};

  @Test
  default void attentionForwardAndBackward() {
    for (DType type : computeTypes()) {
      for (Heads heads : AttentionCases.HEADS) {
        for (Segments segments : AttentionCases.SEGMENTS) {
          for (double deviation : DEVIATIONS) {
            attention(type, heads, segments, AttentionCases.plain(heads), deviation);
          }
        }
      }
      for (Segments segments : AttentionCases.LONG) {
        for (Heads heads : List.of(new Heads(4, 2, 32), new Heads(3, 1, 10))) {
          for (AttentionForm form : AttentionCases.forms(heads)) {
            attention(type, heads, segments, form, 1);
          }
        }
      }
    }
  }

  private void attention(
      DType type, Heads heads, Segments segments, AttentionForm form, double deviation) {
    int rows = segments.rows();
    double[] fused = Numbers.as(type, AttentionCases.fused(1, heads, rows, deviation));
    ReferenceAttention reference = new ReferenceAttention(fused, heads, segments, form);
    String what =
        "%s, %s, %s, %d segments, %d rows, ".formatted(type, heads, form, segments.count(), rows);

    Tensor input = rig().input(type, fused, rows, heads.fusedColumns());
    Tensor out = rig().output(type, rows, heads.outputColumns());
    Tensor logSumExp = rig().output(rows, heads.queries());
    rig().backend().attention(input, heads, segments, form, out, logSumExp);
    ReferenceAttention.Forward forward = reference.forward();
    forward.out().check(what + "out", rig().get(out), type);
    forward.logSumExp().check(what + "logSumExp", rig().get(logSumExp));

    double[] dOut = Numbers.as(type, Numbers.normal(2, rows * heads.outputColumns(), 1));
    Tensor dFused = rig().output(type, rows, heads.fusedColumns());
    rig()
        .backend()
        .attentionBackward(
            rig().input(type, dOut, rows, heads.outputColumns()),
            input,
            heads,
            segments,
            form,
            rig().keep(out),
            rig().keep(logSumExp),
            dFused);
    reference
        .backward(dOut, Numbers.doubles(rig().get(out)))
        .check(what + "dFused", rig().get(dFused), type);
  }

  /** Softmax that is not shifted by the largest logit overflows here. */
  @Test
  default void attentionOfHugeLogitsIsFinite() {
    Heads heads = new Heads(2, 1, 16);
    Segments segments = Segments.ofLengths(40);
    double[] fused = AttentionCases.fused(3, heads, 40, 100);
    Tensor out = rig().output(40, heads.outputColumns());
    Tensor logSumExp = rig().output(40, heads.queries());
    rig()
        .backend()
        .attention(
            rig().input(fused, 40, heads.fusedColumns()),
            heads,
            segments,
            AttentionForm.scaled(1),
            out,
            logSumExp);
    assertTrue(rig().backend().allFinite(out) && rig().backend().allFinite(logSumExp));
  }

  /** A completion behind a shared prompt gives the bits of the whole sequence by itself. */
  @Test
  default void sharedPrefixesChangeNothing() {
    needsExact();
    for (DType type : computeTypes()) {
      for (Heads heads : List.of(new Heads(4, 2, 16), new Heads(3, 1, 10), new Heads(2, 2, 64))) {
        for (Segments segments : AttentionCases.SEGMENTS) {
          for (double deviation : DEVIATIONS) {
            eachSequenceAlone(type, heads, segments, AttentionCases.plain(heads), deviation);
          }
        }
        for (Segments segments : AttentionCases.LONG) {
          for (AttentionForm form : AttentionCases.forms(heads)) {
            eachSequenceAlone(type, heads, segments, form, 1);
          }
        }
      }
    }
  }

  private void eachSequenceAlone(
      DType type, Heads heads, Segments segments, AttentionForm form, double deviation) {
    double[] fused = AttentionCases.fused(4, heads, segments.rows(), deviation);
    float[] together = forward(rig(), type, fused, heads, segments, form);
    for (int s = 0; s < segments.count(); s++) {
      int[] rows = AttentionCases.sequence(segments, s);
      double[] own = AttentionCases.rows(fused, heads.fusedColumns(), rows);
      float[] alone = forward(rig(), type, own, heads, Segments.ofLengths(rows.length), form);
      int columns = heads.outputColumns() + heads.queries();
      for (int j = segments.prefixLength(s); j < rows.length; j++) {
        for (int c = 0; c < columns; c++) {
          if (alone[j * columns + c] != together[rows[j] * columns + c]) {
            assertEquals(
                alone[j * columns + c],
                together[rows[j] * columns + c],
                "%s, %s, segment %d, position %d, column %d".formatted(heads, form, s, j, c));
          }
        }
      }
    }
  }

  /** out and logSumExp side by side: [rows, outputColumns + queries]. */
  private static float[] forward(
      Rig rig, DType type, double[] fused, Heads heads, Segments segments, AttentionForm form) {
    int rows = segments.rows();
    Tensor out = rig.output(type, rows, heads.outputColumns());
    Tensor logSumExp = rig.output(rows, heads.queries());
    rig.backend()
        .attention(
            rig.input(type, fused, rows, heads.fusedColumns()),
            heads,
            segments,
            form,
            out,
            logSumExp);
    float[] left = rig.get(out);
    float[] right = rig.get(logSumExp);
    float[] both = new float[left.length + right.length];
    for (int r = 0; r < rows; r++) {
      int columns = heads.outputColumns() + heads.queries();
      System.arraycopy(left, r * heads.outputColumns(), both, r * columns, heads.outputColumns());
      System.arraycopy(
          right, r * heads.queries(), both, r * columns + heads.outputColumns(), heads.queries());
    }
    return both;
  }

  @Test
  default void attentionIsTheSameForAnyThreads() {
    needsExact();
    for (DType type : computeTypes()) {
      for (Heads heads : List.of(new Heads(4, 2, 32), new Heads(3, 1, 10), new Heads(1, 1, 64))) {
        for (AttentionForm form :
            List.of(AttentionCases.plain(heads), AttentionCases.forms(heads).getLast())) {
          for (Segments segments : AttentionCases.LONG) {
            double[] fused = AttentionCases.fused(5, heads, segments.rows(), 1);
            sameForAnyThreads("attention", rig -> forward(rig, type, fused, heads, segments, form));
            sameForAnyThreads(
                "attentionBackward", rig -> backward(rig, type, fused, heads, segments, form));
          }
        }
      }
    }
  }

  private static float[] backward(
      Rig rig, DType type, double[] fused, Heads heads, Segments segments, AttentionForm form) {
    int rows = segments.rows();
    Tensor input = rig.input(type, fused, rows, heads.fusedColumns());
    Tensor out = rig.output(type, rows, heads.outputColumns());
    Tensor logSumExp = rig.output(rows, heads.queries());
    rig.backend().attention(input, heads, segments, form, out, logSumExp);
    double[] dOut = Numbers.normal(6, rows * heads.outputColumns(), 1);
    Tensor dFused = rig.output(type, rows, heads.fusedColumns());
    rig.backend()
        .attentionBackward(
            rig.input(type, dOut, rows, heads.outputColumns()),
            input,
            heads,
            segments,
            form,
            out,
            logSumExp,
            dFused);
    return rig.get(dFused);
  }
}
