package io.whetstone.tensor;

/** What a backend promises beyond being right within rounding. */
public enum Capability {
  /**
   * To the bit: a row's forward values, logprobs and draws do not depend on the other rows, on the
   * number of rows, on page layout or on the number of threads; cached attention gives the bits of
   * packed attention; gradients do not depend on the number of threads.
   */
  EXACT,
  /** {@link DType#BF16} tensors and linears. */
  BF16,
  /** Weights of the quantised types, for linears and embeddings. */
  QUANTIZED
}
