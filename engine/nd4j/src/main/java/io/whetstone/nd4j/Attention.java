package io.whetstone.nd4j;

import io.whetstone.tensor.AttentionForm;
import io.whetstone.tensor.Heads;
import io.whetstone.tensor.Segments;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.ops.transforms.Transforms;

/** Causal grouped-query attention over packed sequences, one sequence after another. */
final class Attention {
  private final Heads heads;
  private final Segments segments;
  private final AttentionForm form;

  Attention(Heads heads, Segments segments, AttentionForm form) {
    this.heads = heads;
    this.segments = segments;
    this.form = form;
  }

  /**
   * s = scale · q kᵀ (capped) + mask; out = exp(s − logSumExp(s)) v.
   *
   * @param fused [T, queries + 2 keyValues, size]
   * @param out [T, queries, size]
   * @param logSumExp [T, queries]
   */
  void forward(INDArray fused, INDArray out, INDArray logSumExp) {
    for (int s = 0; s < segments.count(); s++) {
      Sequence sequence = Sequence.of(segments, s, heads);
      if (sequence.rows() > 0) {
        forward(sequence, fused, out, logSumExp);
      }
    }
  }

  private void forward(Sequence sequence, INDArray fused, INDArray out, INDArray logSumExp) {
    INDArray q = sequence.queries(fused);
    INDArray z = masked(Softmax.attentionLogits(q, sequence.keys(fused), form), sequence);
    INDArray sums = Softmax.logSumExp(z);
    INDArray p = Transforms.exp(z.subi(sums), false);
    INDArray attended = Nd4j.matmul(p, sequence.values(fused), false, false, false);
    INDArray to = sequence.own(out);
    to.assign(attended.reshape(to.shape()));
    Part.rows(logSumExp, sequence.start(), sequence.end())
        .assign(sums.reshape(heads.queries(), sequence.rows()).transpose());
  }

  /**
   * With p = exp(s − logSumExp) and dp = dOut vᵀ: ds = p (dp − Σ_c dOut out) (1 − (s / cap)²)
   * scale; dq = ds k, dk = dsᵀ q, dv = pᵀ dOut.
   *
   * @param dFused [T, queries + 2 keyValues, size], overwritten
   */
  void backward(INDArray dOut, INDArray fused, INDArray out, INDArray logSumExp, INDArray dFused) {
    dFused.assign(0);
    for (int s = 0; s < segments.count(); s++) {
      Sequence sequence = Sequence.of(segments, s, heads);
      if (sequence.rows() > 0) {
        backward(sequence, dOut, fused, out, logSumExp, dFused);
      }
    }
  }

  private void backward(
      Sequence sequence,
      INDArray dOut,
      INDArray fused,
      INDArray out,
      INDArray logSumExp,
      INDArray dFused) {
    INDArray q = sequence.queries(fused);
    INDArray k = sequence.keys(fused);
    INDArray v = sequence.values(fused);
    INDArray d = sequence.queries(dOut);
    INDArray logits = Softmax.attentionLogits(q, k, form);
    INDArray slope = form.capped() ? Softmax.capSlope(logits, form.softCap()) : null;
    INDArray sums =
        Part.rows(logSumExp, sequence.start(), sequence.end())
            .transpose()
            .dup('c')
            .reshape(heads.keyValues(), (long) heads.group() * sequence.rows(), 1);
    INDArray p = Transforms.exp(masked(logits, sequence).subi(sums), false);
    INDArray mean = d.mul(sequence.queries(out)).sum(true, 2);
    INDArray ds = Nd4j.matmul(d, v, false, true, false).subi(mean).muli(p).muli(form.scale());
    if (slope != null) {
      ds.muli(slope);
    }
    INDArray dq = sequence.own(dFused);
    dq.assign(Nd4j.matmul(ds, k, false, false, false).reshape(dq.shape()));
    INDArray dk = Nd4j.matmul(ds, q, true, false, false);
    INDArray dv = Nd4j.matmul(p, d, true, false, false);
    sequence.addKeysAndValues(dFused, dk, dv);
  }

  /** The logits [keyValues, group · n, m] with the mask of the n rows added for every head. */
  private INDArray masked(INDArray logits, Sequence sequence) {
    int n = sequence.rows();
    int m = sequence.length();
    INDArray mask = Softmax.mask(n, m, sequence.prefix(), form);
    return logits.reshape(heads.queries(), n, m).add(mask.reshape(1, n, m)).reshape(logits.shape());
  }
}
