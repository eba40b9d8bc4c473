package io.whetstone.model;

import io.whetstone.tensor.Gate;
import io.whetstone.tensor.Heads;
import java.util.Collections;
import java.util.List;

/**
 * A decoder-only transformer's sizes and form.
 *
 * @param architecture what its layers compute
 * @param vocabulary number of token ids
 * @param hidden width of the residual stream
 * @param heads how the attention's projections split into heads; {@code queries · size} need not be
 *     {@code hidden}
 * @param feedForward width of the gated feed-forward layer
 * @param gate its activation
 * @param epsilon added to the mean square in RMSNorm
 * @param tiedEmbeddings whether the head's matrix is the embedding table
 * @param maxPositions positions are in [0, maxPositions)
 * @param layerForms the layers, first to last
 */
public record ModelConfig(
    Architecture architecture,
    int vocabulary,
    int hidden,
    Heads heads,
    int feedForward,
    Gate gate,
    float epsilon,
    boolean tiedEmbeddings,
    int maxPositions,
    List<LayerForm> layerForms) {
  /** Ten times the deepest models. */
  public static final int MOST_LAYERS = 2_000;

  public ModelConfig {
    require(architecture != null, "architecture", architecture, "given");
    require(vocabulary >= 1, "vocabulary", vocabulary, "≥ 1");
    require(hidden >= 1 && hidden <= 1 << 20, "hidden", hidden, "in [1, 2²⁰]");
    require(
        !layerForms.isEmpty() && layerForms.size() <= MOST_LAYERS,
        "layers",
        layerForms.size(),
        "in [1, " + MOST_LAYERS + "]");
    require(heads != null, "heads", heads, "given");
    require(feedForward >= 1 && feedForward <= 1 << 24, "feedForward", feedForward, "in [1, 2²⁴]");
    require(gate != null, "gate", gate, "given");
    require(epsilon > 0 && epsilon < 1, "epsilon", epsilon, "in (0, 1)");
    require(
        maxPositions >= 1 && maxPositions <= 1 << 22, "maxPositions", maxPositions, "in [1, 2²²]");
    layerForms = List.copyOf(layerForms);
    for (LayerForm form : layerForms) {
      if (form.rope().map(Rope::scaling).orElse(null) instanceof RopeScaling.LongRope scaling) {
        int pairs = heads.size() / 2;
        require(
            scaling.shortFactors().size() == pairs && scaling.longFactors().size() == pairs,
            "rope: short_factor and long_factor",
            scaling.shortFactors().size() + " and " + scaling.longFactors().size() + " numbers",
            pairs + " each, half the head size");
      }
    }
    int reach = LayerForm.reach(layerForms);
    require(
        maxPositions <= reach,
        "maxPositions",
        maxPositions,
        "≤ " + reach + ", those of longrope's short factors");
  }

  /**
   * Llama's form, or Qwen2's when {@code attentionBias}.
   *
   * @param layers number of blocks, all alike
   * @param ropeTheta base of the rotary frequencies
   */
  public ModelConfig(
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
    this(
        Architecture.llama(
            attentionBias ? Family.QWEN2 : Family.LLAMA, heads.size(), attentionBias),
        vocabulary,
        hidden,
        heads,
        feedForward,
        gate,
        epsilon,
        tiedEmbeddings,
        maxPositions,
        Collections.nCopies(layers, LayerForm.full(Rope.of(ropeTheta))));
  }

  /** Number of blocks. */
  public int layers() {
    return layerForms.size();
  }

  /** Norms of hidden numbers in a block. */
  int blockNorms() {
    NormPlacement norms = architecture.norms();
    return 2 * ((norms.before() ? 1 : 0) + (norms.after() ? 1 : 0));
  }

  /** Weights in the norm of the queries; 0 without one. */
  int queryNorm() {
    return switch (architecture.queryKeyNorm()) {
      case NONE -> 0;
      case HEAD -> heads.size();
      case PROJECTION -> heads.queries() * heads.size();
    };
  }

  /** Weights in the norm of the keys; 0 without one. */
  int keyNorm() {
    return switch (architecture.queryKeyNorm()) {
      case NONE -> 0;
      case HEAD -> heads.size();
      case PROJECTION -> heads.keyValues() * heads.size();
    };
  }

  /** Norms that a row's queries and keys are divided by. */
  int headNorms() {
    return switch (architecture.queryKeyNorm()) {
      case NONE -> 0;
      case HEAD -> heads.queries() + heads.keyValues();
      case PROJECTION -> 2;
    };
  }

  /** Number of weights; a tied table counts once. */
  public long parameters() {
    long attention =
        (long) heads.fusedColumns() * hidden
            + (architecture.queryKeyValueBias() ? heads.fusedColumns() : 0)
            + (long) hidden * heads.outputColumns()
            + (architecture.attentionOutBias() ? hidden : 0)
            + queryNorm()
            + keyNorm();
    long layer = attention + 3L * feedForward * hidden + (long) blockNorms() * hidden;
    long table = (long) vocabulary * hidden;
    return layers() * layer + hidden + (tiedEmbeddings ? table : 2 * table);
  }

  private static void require(boolean holds, String name, Object got, String expected) {
    if (!holds) {
      throw new IllegalArgumentException("model: " + name + ": " + got + " is not " + expected);
    }
  }
}
