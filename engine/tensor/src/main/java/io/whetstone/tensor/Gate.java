package io.whetstone.tensor;

/** The activation of a gated feed-forward layer: y = activation(gate) · up (Shazeer 2020). */
public enum Gate {
  /** SwiGLU: x · sigmoid(x). */
  SILU,
  /** GeGLU with the tanh approximation: ½ x (1 + tanh(√(2/π) (x + 0.044715 x³))). */
  GELU_TANH
}
