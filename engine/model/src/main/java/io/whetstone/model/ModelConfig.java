package io.whetstone.model;

import io.whetstone.tensor.Gate;
import io.whetstone.tensor.Heads;

/**
 * The shape of a decoder-only transformer of Llama's or Qwen2's form.
 *
 * @param vocabulary number of token ids
 * @param hidden width of the residual stream
 * @param layers number of blocks
 * @param heads how the attention's projections split into heads; {@code queries · size} need not be
 *     {@code hidden}
 * @param feedForward width of the gated feed-forward layer
 * @param gate its activation
 * @param ropeTheta base of the rotary frequencies: frequency i is ropeTheta^(−2i/size)
 * @param epsilon added to the mean square in RMSNorm
 * @param tiedEmbeddings whether the head's matrix is the embedding table
 * @param attentionBias whether query, key and value projections have a bias (Qwen2: yes)
 * @param maxPositions positions are in [0, maxPositions)
 */
public record ModelConfig(
    int vocabulary,
    int hidden,
    int layers,
    Heads heads,
    int feedForward,
    Gate gate,
    double ropeTheta,
    float epsilon,
    boolean tiedEmbeddings,
    boolean attentionBias,
    int maxPositions) {
  public ModelConfig {
    require(vocabulary >= 1, "vocabulary", vocabulary, "≥ 1");
    require(hidden >= 1, "hidden", hidden, "≥ 1");
    require(layers >= 1, "layers", layers, "≥ 1");
    require(heads != null, "heads", heads, "given");
    require(feedForward >= 1, "feedForward", feedForward, "≥ 1");
    require(gate != null, "gate", gate, "given");
    require(ropeTheta > 1 && Double.isFinite(ropeTheta), "ropeTheta", ropeTheta, "finite and > 1");
    require(epsilon > 0 && epsilon < 1, "epsilon", epsilon, "in (0, 1)");
    require(maxPositions >= 1, "maxPositions", maxPositions, "≥ 1");
  }

  /** Number of weights; a tied table counts once. */
  public long parameters() {
    long attention =
        (long) heads.fusedColumns() * hidden
            + (attentionBias ? heads.fusedColumns() : 0)
            + (long) hidden * heads.outputColumns();
    long layer = attention + 3L * feedForward * hidden + 2L * hidden;
    long table = (long) vocabulary * hidden;
    return layers * layer + hidden + (tiedEmbeddings ? table : 2 * table);
  }

  private static void require(boolean holds, String name, Object got, String expected) {
    if (!holds) {
      throw new IllegalArgumentException("model: " + name + ": " + got + " is not " + expected);
    }
  }
}
