package io.whetstone.trainer.config;

import io.whetstone.tensor.DType;

/**
 * In what products are made and most activations are held; sums, the residual stream, the weights
 * that are trained and their gradients are f32 in both.
 */
public enum Precision {
  F32(DType.F32),
  BF16(DType.BF16);

  private final DType compute;

  Precision(DType compute) {
    this.compute = compute;
  }

  /** The engine's name for it. */
  public DType compute() {
    return compute;
  }
}
