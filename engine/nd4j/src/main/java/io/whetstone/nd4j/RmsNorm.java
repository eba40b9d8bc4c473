package io.whetstone.nd4j;

import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.ops.transforms.Transforms;

/** RMSNorm (Zhang & Sennrich 2019) of each row of x [R, n], with a weight [1, n]. */
final class RmsNorm {
  private RmsNorm() {}

  /** rstd [R, 1] = 1/√(mean_c x² + epsilon). */
  static INDArray rstd(INDArray x, float epsilon) {
    return Transforms.sqrt(x.mul(x).mean(true, 1).addi(epsilon)).rdivi(1);
  }

  /** y = x · rstd · (offset + weight). */
  static INDArray forward(INDArray x, INDArray weight, float offset, INDArray rstd) {
    return x.mul(rstd).muli(weight.add(offset));
  }

  /** With g = dy · (offset + weight): dx = g · rstd − x · rstd³ · Σ_c (g · x) / n. */
  static INDArray dx(INDArray dy, INDArray x, INDArray weight, float offset, INDArray rstd) {
    INDArray g = dy.mul(weight.add(offset));
    INDArray meanGx = g.mul(x).mean(true, 1);
    INDArray rstd3 = rstd.mul(rstd).muli(rstd);
    return g.mul(rstd).subi(x.mul(meanGx.muli(rstd3)));
  }

  /** dWeight [1, n] = Σ_r dy · x · rstd. */
  static INDArray dWeight(INDArray dy, INDArray x, INDArray rstd) {
    return dy.mul(x).muli(rstd).sum(true, 0);
  }
}
