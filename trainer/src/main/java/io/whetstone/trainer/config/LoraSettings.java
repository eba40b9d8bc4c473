package io.whetstone.trainer.config;

import io.whetstone.datasets.settings.Default;
import io.whetstone.model.Lora;
import io.whetstone.model.ModelConfig;

/**
 * Low-rank adapters that are trained in place of the model's weights; see docs/lora.md.
 *
 * @param rank r of their matrices A [r, in] and B [out, r]
 * @param alpha they add alpha / rank · B A x, or alpha / √rank
 * @param dropout share of x that they do not see in training
 * @param targets the linear modules that have one
 * @param rslora whether alpha is divided by √rank
 */
public record LoraSettings(
    @Default(value = "16", source = "TRL 1.16 ModelConfig") int rank,
    @Default(value = "32", source = "TRL 1.16 ModelConfig") double alpha,
    @Default(value = "0", source = "PEFT 0.21; TRL's 0.05 excludes exact") double dropout,
    @Default(value = "\"all-linear\"", source = "QLoRA, Dettmers et al. 2023, section 4")
        LoraTargets targets,
    @Default(value = "false", source = "PEFT 0.21") boolean rslora) {
  public LoraSettings {
    Range.atLeast("rank", rank, 1);
    if (!(alpha > 0 && alpha < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException("alpha: " + alpha + " is not finite and > 0");
    }
    Range.below("dropout", dropout, 0, 1);
  }

  /**
   * The adapters for a model.
   *
   * @throws IllegalArgumentException when a target is no module of it
   */
  public Lora of(ModelConfig model) {
    return new Lora(rank, alpha, dropout, rslora, targets.in(model));
  }
}
