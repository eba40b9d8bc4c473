package io.whetstone.trainer.command;

import io.whetstone.checkpoints.HuggingFaceModel;
import io.whetstone.model.FrozenTypes;
import io.whetstone.model.Lora;
import io.whetstone.model.ModelConfig;
import io.whetstone.tokenizer.Tokenizer;
import io.whetstone.trainer.config.Experiment;
import io.whetstone.trainer.config.FromScratch;
import io.whetstone.trainer.config.Quantization;
import io.whetstone.trainer.loop.BaseModel;
import io.whetstone.trainer.loop.Policy;
import java.util.Locale;
import java.util.Optional;

/**
 * What is known of a model without loading it.
 *
 * @param lora what is trained in place of the model's weights, if anything
 * @param frozen in which types weights are held that are not trained
 */
record ModelOutline(ModelConfig config, Optional<Lora> lora, FrozenTypes frozen) {
  /**
   * What an experiment makes of a model.
   *
   * @throws RuntimeException saying what is wrong with its adapters or files
   */
  static ModelOutline of(Experiment experiment, ModelConfig config) {
    Optional<Lora> lora =
        experiment.model().path().flatMap(path -> BaseModel.adapters(experiment, path, config));
    return new ModelOutline(config, lora, frozen(experiment, lora.isPresent()));
  }

  /** The experiment's tokenizer, the caller's to close. */
  static Tokenizer tokenizer(Experiment experiment) {
    return experiment
        .model()
        .path()
        .map(path -> BaseModel.directory(Policy.directory(path)))
        .map(directory -> Policy.tokenizer(directory, HuggingFaceModel.config(directory)))
        .orElseGet(() -> Policy.tokenizer(fromScratch(experiment).vocabulary()));
  }

  /** The shape of an experiment's model. */
  static ModelConfig shape(Experiment experiment, Tokenizer tokenizer) {
    return experiment
        .model()
        .path()
        .map(path -> BaseModel.directory(Policy.directory(path)))
        .map(
            directory -> {
              HuggingFaceModel.requireWeights(directory);
              return HuggingFaceModel.config(directory);
            })
        .orElseGet(() -> Policy.shape(fromScratch(experiment), tokenizer.size()));
  }

  private static FrozenTypes frozen(Experiment experiment, boolean adapted) {
    return experiment
        .model()
        .path()
        .filter(path -> adapted)
        .map(
            path ->
                HuggingFaceModel.frozen(
                    BaseModel.directory(Policy.directory(path)),
                    experiment.precision().compute(),
                    true,
                    experiment.model().quantize().map(Quantization::dtype)))
        .orElse(FrozenTypes.NONE);
  }

  private static FromScratch fromScratch(Experiment experiment) {
    return experiment.model().fromScratch().orElseThrow();
  }

  static String describe(ModelConfig config) {
    return String.format(
        Locale.ROOT,
        "%,d parameters, %d tokens, %d positions",
        config.parameters(),
        config.vocabulary(),
        config.maxPositions());
  }

  /** What is said of the adapters, if there are any. */
  Optional<String> adapters() {
    return lora.map(
        there ->
            String.format(
                Locale.ROOT,
                "%,d parameters are trained, of %d modules at rank %d; the model's are not",
                there.parameters(config),
                there.modules().size(),
                there.rank()));
  }
}
