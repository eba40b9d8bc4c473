package io.whetstone.cuda;

import io.whetstone.tensor.DType;

/** Products of matrices, by cuBLASLt. */
final class Products {
  Products(Gpu gpu) {}

  private static UnsupportedOperationException notWritten() {
    return new UnsupportedOperationException("cuda: products are not written yet");
  }

  /**
   * y = x Wᵀ of the outputs [firstOut, firstOut + outs), or y += that.
   *
   * @param x the address of [rows, in] of the linear's type
   * @param y the address of [rows, outs], dense, of {@code yType}: F32 to accumulate
   */
  void forward(
      CudaLinear w,
      long x,
      int rows,
      int firstOut,
      int outs,
      long y,
      DType yType,
      boolean accumulate) {
    throw notWritten();
  }

  /**
   * dx = dy W of the outputs [firstOut, firstOut + outs) alone, or dx += that.
   *
   * @param dy the address of [rows, outs], dense, of the linear's type
   * @param dx the address of [rows, in] of {@code dxType}: F32 to accumulate
   */
  void backwardInput(
      CudaLinear w,
      int firstOut,
      int outs,
      long dy,
      int rows,
      long dx,
      DType dxType,
      boolean accumulate) {
    throw notWritten();
  }

  /**
   * dw += dyᵀ x.
   *
   * @param type of x and dy
   * @param x the address of [rows, in]
   * @param dy the address of [rows, out]
   * @param dw the address of [out, in], F32
   */
  void backwardWeight(DType type, long x, int in, long dy, int out, int rows, long dw) {
    throw notWritten();
  }
}
