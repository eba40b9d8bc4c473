package io.whetstone.trainer.config;

import java.nio.file.Path;
import java.util.Optional;

/**
 * The model a run starts from: exactly one of from-scratch and path.
 *
 * @param fromScratch a new model with random weights
 * @param path a Hugging Face model directory, a checkpoint's or a run's directory; where there is
 *     no such directory, {@code ORG/NAME} or {@code ORG/NAME@revision} at the hub
 * @param lora low-rank adapters that are trained in place of its weights; left out: its weights are
 * @param quantize how the weights beside adapters are held (QLoRA): rounded to blocks of 8, 6 or 4
 *     bits; left out: as they are, which in a GGUF file may be blocks too
 * @param adapter a directory of PEFT's, or at the hub, with adapters to go on training
 */
public record Model(
    Optional<FromScratch> fromScratch,
    @HubModel Optional<Path> path,
    Optional<LoraSettings> lora,
    Optional<Quantization> quantize,
    @HubModel Optional<Path> adapter) {
  public Model {
    if (fromScratch.isPresent() == path.isPresent()) {
      throw new IllegalArgumentException(
          (path.isPresent() ? "both" : "none")
              + " of from-scratch and path given; expected exactly one");
    }
    if (path.isEmpty() && (lora.isPresent() || adapter.isPresent())) {
      throw new IllegalArgumentException(
          (lora.isPresent() ? "lora" : "adapter")
              + ": adapts a model that was trained before; give its path in place of from-scratch");
    }
    if (quantize.isPresent() && lora.isEmpty() && adapter.isEmpty()) {
      throw new IllegalArgumentException(
          "quantize: weights that are trained are not quantised; train adapters: give lora");
    }
    if (lora.isPresent() && adapter.isPresent()) {
      throw new IllegalArgumentException(
          "lora: rank, alpha and targets of the adapters in adapter are in its"
              + " adapter_config.json; leave lora out");
    }
  }

  /** Whether adapters are trained, and nothing else. */
  public boolean adapts() {
    return lora.isPresent() || adapter.isPresent();
  }
}
