package io.whetstone.model;

/**
 * What all layers of a model compute, beside its sizes: a transformer is put together from these.
 *
 * @param family how its parts are named in files
 * @param norms where a block normalises
 * @param normOffset added to the norms' weights: 0, or 1 for Gemma
 * @param queryKeyNorm whether queries and keys are normalised
 * @param queryKeyValueBias whether query, key and value projections have a bias (Qwen2)
 * @param attentionOutBias whether the projection after attention has one
 * @param attentionScalar attention's logits are q·k / √attentionScalar: the head size, usually
 * @param attentionSoftCap bounds attention's logits s to cap · tanh(s / cap) (Gemma 2); 0 for none
 * @param logitSoftCap bounds the head's logits likewise; 0 for none
 * @param embeddingScale embeddings are multiplied by it: 1, or √hidden for Gemma
 */
public record Architecture(
    Family family,
    NormPlacement norms,
    float normOffset,
    QueryKeyNorm queryKeyNorm,
    boolean queryKeyValueBias,
    boolean attentionOutBias,
    double attentionScalar,
    float attentionSoftCap,
    float logitSoftCap,
    float embeddingScale) {
  public Architecture {
    require(normOffset == 0 || normOffset == 1, "normOffset", normOffset, "0 or 1");
    require(positive(attentionScalar), "attentionScalar", attentionScalar, "finite and > 0");
    require(
        attentionSoftCap == 0 || positive(attentionSoftCap),
        "attentionSoftCap",
        attentionSoftCap,
        "0 or finite and > 0");
    require(
        logitSoftCap == 0 || positive(logitSoftCap),
        "logitSoftCap",
        logitSoftCap,
        "0 or finite and > 0");
    require(positive(embeddingScale), "embeddingScale", embeddingScale, "finite and > 0");
  }

  /** Llama's: norms before, no biases but these, nothing capped. */
  public static Architecture llama(Family family, int headSize, boolean queryKeyValueBias) {
    return new Architecture(
        family,
        NormPlacement.BEFORE,
        0,
        QueryKeyNorm.NONE,
        queryKeyValueBias,
        false,
        headSize,
        0,
        0,
        1);
  }

  private static boolean positive(double value) {
    return value > 0 && Double.isFinite(value);
  }

  private static void require(boolean holds, String name, Object got, String expected) {
    if (!holds) {
      throw new IllegalArgumentException("model: " + name + ": " + got + " is not " + expected);
    }
  }
}
