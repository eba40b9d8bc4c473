package io.whetstone.nd4j;

import java.util.Arrays;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.ops.transforms.Transforms;

/** Logprobs and entropies of given tokens, in chunks of rows, so that not all logits are held. */
final class TokenLogprobs {
  /** Logits held at once. */
  private static final int LOGITS = 1 << 22;

  private final INDArray head;
  private final int[] targets;
  private final float softCap;
  private final float temperature;

  /**
   * @param head W [V, h]
   * @param targets R token ids
   * @param softCap bound of the logits before the temperature, 0 for none
   */
  TokenLogprobs(INDArray head, int[] targets, float softCap, float temperature) {
    this.head = head;
    this.targets = targets;
    this.softCap = softCap;
    this.temperature = temperature;
  }

  /**
   * z = x Wᵀ (capped) / temperature; log p = z − logSumExp(z); logprob = log p[target]; entropy =
   * −Σ_v p log p: x [R, h], the others [R, 1].
   */
  void forward(INDArray x, INDArray logprobs, INDArray entropy, INDArray logSumExp) {
    chunks(
        (from, to) -> {
          INDArray z = logits(Part.rows(x, from, to)).divi(temperature);
          INDArray sums = Softmax.logSumExp(z);
          Part.rows(logSumExp, from, to).assign(sums);
          INDArray logP = z.subi(sums);
          Part.rows(logprobs, from, to).assign(logP.mul(oneHot(from, to)).sum(true, 1));
          INDArray p = Transforms.exp(logP);
          Part.rows(entropy, from, to).assign(p.muli(logP).sum(true, 1).negi());
        });
  }

  /**
   * dz = dLogprob (1[v = target] − p) − dEntropy p (log p + entropy), times 1 − (capped / softCap)²
   * where capped; dx = dz W / temperature; dW += dzᵀ x / temperature.
   *
   * @param dHead null where the head is frozen
   */
  void backward(
      INDArray x,
      INDArray entropy,
      INDArray logSumExp,
      float[] dLogprobs,
      float[] dEntropy,
      INDArray dx,
      INDArray dHead) {
    chunks(
        (from, to) -> {
          INDArray inputs = Part.rows(x, from, to);
          INDArray capped = logits(inputs);
          INDArray logP = capped.div(temperature).subi(Part.rows(logSumExp, from, to));
          INDArray p = Transforms.exp(logP);
          INDArray surprise = logP.addi(Part.rows(entropy, from, to)).muli(p);
          INDArray dz =
              oneHot(from, to)
                  .subi(p)
                  .muli(column(dLogprobs, from, to))
                  .subi(surprise.muli(column(dEntropy, from, to)));
          if (softCap > 0) {
            dz.muli(Softmax.capSlope(capped, softCap));
          }
          dz.divi(temperature);
          Part.rows(dx, from, to).assign(dz.mmul(head));
          if (dHead != null) {
            dHead.addi(dz.transpose().mmul(inputs));
          }
        });
  }

  private INDArray logits(INDArray x) {
    INDArray z = x.mmul(head.transpose());
    return softCap > 0 ? Softmax.cap(z, softCap) : z;
  }

  /** [n, V]: 1 where v is the row's target. */
  private INDArray oneHot(int from, int to) {
    INDArray hot = Nd4j.zeros(to - from, head.size(0));
    for (int r = from; r < to; r++) {
      hot.putScalar(r - from, targets[r], 1);
    }
    return hot;
  }

  private static INDArray column(float[] numbers, int from, int to) {
    return Nd4j.createFromArray(Arrays.copyOfRange(numbers, from, to)).reshape(to - from, 1);
  }

  private interface Chunk {
    void rows(int from, int to);
  }

  private void chunks(Chunk chunk) {
    int rows = (int) Math.max(1, LOGITS / head.size(0));
    for (int from = 0; from < targets.length; from += rows) {
      chunk.rows(from, Math.min(from + rows, targets.length));
    }
  }
}
