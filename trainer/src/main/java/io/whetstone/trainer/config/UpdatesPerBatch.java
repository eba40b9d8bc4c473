package io.whetstone.trainer.config;

import io.whetstone.datasets.settings.Default;

/**
 * How often a step's rollouts are trained on.
 *
 * @param epochs passes over them
 * @param miniBatches optimizer steps a pass
 */
public record UpdatesPerBatch(
    @Default(value = "1", source = "on-policy; DeepSeek-R1, Guo et al. 2025, §2.2") int epochs,
    @Default(value = "1", source = "on-policy") int miniBatches) {

  public UpdatesPerBatch {
    Range.atLeast("epochs", epochs, 1);
    Range.atLeast("mini-batches", miniBatches, 1);
  }
}
