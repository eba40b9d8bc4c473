package io.whetstone.trainer.config;

import io.whetstone.datasets.settings.Default;
import java.util.Optional;

/**
 * A decoder-only transformer of Llama's form, made new.
 *
 * @param hidden width of the residual stream
 * @param heads query heads
 * @param kvHeads key and value heads, each shared by {@code heads / kvHeads} query heads; left out:
 *     as many as {@code heads}
 * @param headSize width of a head; left out: {@code hidden / heads}
 * @param feedForward inner width of the gated feed-forward
 * @param maxPositions longest sequence, prompt and completion together, in tokens
 * @param epsilon added to the mean square in RMSNorm
 * @param attentionBias whether query, key and value projections have a bias (Qwen2's form)
 * @param initializerRange standard deviation of the random weights
 */
public record FromScratch(
    int hidden,
    int layers,
    int heads,
    Optional<Integer> kvHeads,
    Optional<Integer> headSize,
    int feedForward,
    int maxPositions,
    @Default(value = "10000", source = "RoFormer, Su et al. 2021, §3.3") double ropeTheta,
    @Default(value = "1e-6", source = "LLaMA, Touvron et al. 2023, reference code") double epsilon,
    @Default(value = "true", source = "usual below 1 B parameters (Qwen2.5-0.5B, Llama-3.2-1B)")
        boolean tiedEmbeddings,
    @Default(value = "false", source = "Llama has none") boolean attentionBias,
    @Default(value = "0.02", source = "GPT-2; transformers' initializer_range")
        double initializerRange,
    Vocabulary vocabulary) {

  public FromScratch {
    Range.atLeast("hidden", hidden, 1);
    Range.atLeast("layers", layers, 1);
    Range.atLeast("heads", heads, 1);
    Range.atLeast("feed-forward", feedForward, 1);
    Range.atLeast("max-positions", maxPositions, 2);
    Range.positive("rope-theta", ropeTheta);
    Range.positive("epsilon", epsilon);
    Range.positive("initializer-range", initializerRange);
    int groups = kvHeads.orElse(heads);
    Range.atLeast("kv-heads", groups, 1);
    if (heads % groups != 0) {
      throw new IllegalArgumentException(
          "kv-heads: " + groups + " does not divide heads, which is " + heads);
    }
    // Also with a head size of its own: transformers refuses such a model when it is exported.
    if (hidden % heads != 0) {
      throw new IllegalArgumentException(
          "heads: " + heads + " does not divide hidden, which is " + hidden);
    }
    int size = headSize.orElse(hidden / heads);
    if (size < 2 || size % 2 != 0) {
      throw new IllegalArgumentException(
          "head-size: " + size + " is not even; rotary positions turn pairs");
    }
    kvHeads = Optional.of(groups);
    headSize = Optional.of(size);
  }
}
