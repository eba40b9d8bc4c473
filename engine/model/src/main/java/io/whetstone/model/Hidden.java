package io.whetstone.model;

import io.whetstone.tensor.Tensor;
import java.util.List;

/**
 * The result of {@link Transformer#hidden}: chosen rows after the final norm, with what their
 * backward pass needs. Lives in the workspace given to it.
 */
public final class Hidden {
  final PackedTokens tokens;
  final LayerRows layerRows;
  final int[] rows;
  final List<Scored.Kept> layers;
  final Rows kept;

  /**
   * The final norm on R chosen rows.
   *
   * @param stream [R, hidden] F32, the residual stream after the last layer
   * @param rstd [R]
   * @param normed [R, hidden] of the compute type
   */
  record Rows(Tensor stream, Tensor rstd, Tensor normed) {}

  Hidden(
      PackedTokens tokens, LayerRows layerRows, int[] rows, List<Scored.Kept> layers, Rows kept) {
    this.tokens = tokens;
    this.layerRows = layerRows;
    this.rows = rows;
    this.layers = List.copyOf(layers);
    this.kept = kept;
  }

  /** [R, hidden] of the compute type: what transformers calls the last hidden state. */
  public Tensor normed() {
    return kept.normed;
  }
}
