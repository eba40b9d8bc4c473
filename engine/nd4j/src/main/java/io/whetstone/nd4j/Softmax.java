package io.whetstone.nd4j;

import io.whetstone.tensor.AttentionForm;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.ops.transforms.Transforms;

/** Logits of attention and of the head, and sums of their exponentials. */
final class Softmax {
  private Softmax() {}

  /** log Σ exp z along the last dimension, which stays with extent 1; shifted by the largest z. */
  static INDArray logSumExp(INDArray z) {
    int last = z.rank() - 1;
    INDArray max = z.max(true, last);
    return Transforms.log(Transforms.exp(z.sub(max), false).sum(true, last), false).addi(max);
  }

  /** cap · tanh(z / cap), in place. */
  static INDArray cap(INDArray z, float cap) {
    Transforms.tanh(z.divi(cap), false).muli(cap);
    return z;
  }

  /** ∂/∂z of the cap, from the capped value: 1 − (capped / cap)². */
  static INDArray capSlope(INDArray capped, float cap) {
    INDArray ratio = capped.div(cap);
    return ratio.muli(ratio).rsubi(1);
  }

  /** scale · q kᵀ, capped where the form says so: q [heads, n, size], k [heads, m, size]. */
  static INDArray attentionLogits(INDArray q, INDArray k, AttentionForm form) {
    INDArray s = Nd4j.matmul(q, k, false, true, false).muli(form.scale());
    return form.capped() ? cap(s, form.softCap()) : s;
  }

  /**
   * What is added to the logits of n rows over m positions: 0 where row i, at position first + i,
   * sees position j, −∞ where it does not: [n, m].
   */
  static INDArray mask(int n, int m, int first, AttentionForm form) {
    float[] mask = new float[n * m];
    for (int i = 0; i < n; i++) {
      int seen = first + i + 1;
      for (int j = 0; j < m; j++) {
        mask[i * m + j] = j >= form.firstSeen(seen) && j < seen ? 0 : Float.NEGATIVE_INFINITY;
      }
    }
    return Nd4j.createFromArray(mask).reshape(n, m);
  }
}
