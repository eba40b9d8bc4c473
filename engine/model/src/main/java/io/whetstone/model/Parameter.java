package io.whetstone.model;

import io.whetstone.tensor.Tensor;

/**
 * One tensor that an optimizer steps.
 *
 * @param name Hugging Face's name; {@code qkv_proj} and {@code gate_up_proj} for those that are
 *     several of its tensors row by row
 * @param value the master weight: F32, or BF16 for a matrix of a model that is not trainable and
 *     computes in BF16
 * @param gradient F32 of the same shape, accumulated into by the backward pass; null in a model
 *     that is not trainable (the accessor then fails)
 * @param decayed whether weight decay applies: matrices, not norms and biases
 */
public record Parameter(String name, Tensor value, Tensor gradient, boolean decayed) {
  /**
   * @throws IllegalStateException when the model is not trainable
   */
  @Override
  public Tensor gradient() {
    if (gradient == null) {
      throw new IllegalStateException(
          name + " has no gradient: its model was created with trainable = false");
    }
    return gradient;
  }
}
