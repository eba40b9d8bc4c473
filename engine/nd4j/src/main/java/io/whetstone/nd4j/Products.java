package io.whetstone.nd4j;

import org.nd4j.linalg.api.ndarray.INDArray;

/** Products with a weight W [out, in], and biases. */
final class Products {
  private Products() {}

  /** y = x Wᵀ, or y += x Wᵀ: x [T, in], y [T, out]. */
  static void forward(INDArray x, INDArray w, INDArray y, boolean accumulate) {
    put(x.mmul(w.transpose()), y, accumulate);
  }

  /** dx = dy W, or dx += dy W: dy [T, out], dx [T, in]. */
  static void backwardInput(INDArray dy, INDArray w, INDArray dx, boolean accumulate) {
    put(dy.mmul(w), dx, accumulate);
  }

  /** dW += dyᵀ x: x [T, in], dy [T, out], dW [out, in]. */
  static void backwardWeight(INDArray x, INDArray dy, INDArray dw) {
    dw.addi(dy.transpose().mmul(x));
  }

  /** y[r, c] += bias[c]: y [T, n], bias [1, n]. */
  static void addBias(INDArray bias, INDArray y) {
    y.addi(bias);
  }

  /** dBias[c] += Σ_r dy[r, c]: dy [T, n], dBias [1, n]. */
  static void addBiasBackward(INDArray dy, INDArray dBias) {
    dBias.addi(dy.sum(true, 0));
  }

  private static void put(INDArray result, INDArray to, boolean accumulate) {
    if (accumulate) {
      to.addi(result);
    } else {
      to.assign(result);
    }
  }
}
