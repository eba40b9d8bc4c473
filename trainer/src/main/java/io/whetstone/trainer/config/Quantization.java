package io.whetstone.trainer.config;

import io.whetstone.tensor.DType;

/** GGUF's types of blocks, in which weights that are not trained can be held. */
public enum Quantization {
  Q8_0(DType.Q8_0),
  Q6_K(DType.Q6_K),
  Q4_K(DType.Q4_K);

  private final DType dtype;

  Quantization(DType dtype) {
    this.dtype = dtype;
  }

  /** The engine's name for it. */
  public DType dtype() {
    return dtype;
  }
}
