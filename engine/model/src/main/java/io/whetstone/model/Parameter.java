package io.whetstone.model;

import io.whetstone.tensor.DType;
import io.whetstone.tensor.Tensor;
import io.whetstone.tensor.Workspace;

/**
 * One of a model's tensors.
 *
 * @param name Hugging Face's name; {@code qkv_proj} and {@code gate_up_proj} for those that are
 *     several of its tensors row by row
 * @param value the master weight: F32, or BF16 for a matrix that is not trained, of a model that
 *     computes in BF16
 * @param gradient F32 of the same shape, accumulated into by the backward pass; null where it is
 *     not trained (the accessor then fails)
 * @param decayed whether weight decay applies: matrices, not norms and biases
 */
public record Parameter(String name, Tensor value, Tensor gradient, boolean decayed) {
  /**
   * @throws IllegalStateException when it is not trained
   */
  @Override
  public Tensor gradient() {
    if (gradient == null) {
      throw new IllegalStateException(
          name + " has no gradient: its model was created with trainable = false");
    }
    return gradient;
  }

  /** Whether it has a gradient, which an optimizer steps by. */
  public boolean trained() {
    return gradient != null;
  }

  /** The gradient, or scrap for a kernel that must write one nobody reads. */
  Tensor gradientOrScrap(Workspace workspace) {
    int[] extents = value.shape().extents().stream().mapToInt(e -> e).toArray();
    return trained() ? gradient : workspace.zeros(DType.F32, extents);
  }
}
