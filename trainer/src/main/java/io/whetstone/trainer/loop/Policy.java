package io.whetstone.trainer.loop;

import io.whetstone.checkpoints.CheckpointStore;
import io.whetstone.checkpoints.HuggingFaceModel;
import io.whetstone.checkpoints.gguf.GgufDirectory;
import io.whetstone.hub.HubName;
import io.whetstone.model.ModelConfig;
import io.whetstone.model.Transformer;
import io.whetstone.tensor.Backend;
import io.whetstone.tensor.DType;
import io.whetstone.tensor.Gate;
import io.whetstone.tensor.Heads;
import io.whetstone.tokenizer.Tokenizer;
import io.whetstone.tokenizer.TokenizerBuilder;
import io.whetstone.trainer.config.Experiment;
import io.whetstone.trainer.config.FromScratch;
import io.whetstone.trainer.config.Vocabulary;
import io.whetstone.trainer.rollout.Purpose;
import io.whetstone.trainer.run.HubProgress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** The model being trained and its tokenizer. */
public record Policy(Transformer model, Tokenizer tokenizer) implements AutoCloseable {

  /** What a configuration starts from, with gradients. */
  public static Policy start(Experiment experiment, Backend backend) {
    DType compute = experiment.precision().compute();
    Policy policy =
        experiment
            .model()
            .path()
            .map(path -> BaseModel.start(experiment, path, backend))
            .orElseGet(
                () ->
                    fromScratch(
                        experiment.model().fromScratch().orElseThrow(),
                        backend,
                        compute,
                        experiment.seed()));
    policy.model().recomputeActivations(experiment.recomputeActivations());
    return policy;
  }

  /**
   * The model's directory that a path stands for: a run's stands for its newest checkpoint, {@code
   * ORG/NAME} for its snapshot in Hugging Face's cache, where it is downloaded to if need be. A
   * directory of that name comes first.
   */
  public static Path directory(Path path) {
    if (!Files.exists(path)) {
      return HubName.parse(HubName.Kind.MODEL, path.toString().replace('\\', '/'))
          .map(name -> HubProgress.hub().model(name))
          .orElse(path);
    }
    if (GgufDirectory.isFile(path)) {
      return GgufDirectory.of(path);
    }
    Path checkpoints = path.resolve("checkpoints");
    if (!Files.isDirectory(checkpoints)) {
      return path;
    }
    return new CheckpointStore(checkpoints)
        .latest()
        .orElseThrow(() -> new IllegalArgumentException(path + ": has no checkpoint yet"))
        .directory();
  }

  /** That of a model's or an adapter's directory; the tokenizer is the base model's. */
  public static Policy load(Path directory, Backend backend, DType compute) {
    return load(directory, backend, compute, Optional.empty());
  }

  /**
   * The same.
   *
   * @param quantize what the weights beside an adapter are rounded to, as they were in its training
   */
  public static Policy load(
      Path directory, Backend backend, DType compute, Optional<DType> quantize) {
    Path base = BaseModel.directory(directory);
    // First, for it fails sooner than the weights do.
    Tokenizer tokenizer = tokenizer(base, HuggingFaceModel.config(base));
    try {
      return new Policy(BaseModel.load(directory, backend, compute, quantize), tokenizer);
    } catch (RuntimeException e) {
      tokenizer.close();
      throw e;
    }
  }

  /**
   * A model directory's tokenizer.
   *
   * @throws IllegalArgumentException where a text can give ids that the model has no embedding of
   */
  public static Tokenizer tokenizer(Path directory, ModelConfig model) {
    Tokenizer tokenizer = Tokenizer.load(directory);
    try {
      HuggingFaceModel.requireRows(model, tokenizer);
      return tokenizer;
    } catch (IllegalArgumentException e) {
      tokenizer.close();
      throw new IllegalArgumentException(
          directory
              + ": "
              + e.getMessage()
              + ": tokenizer.json and config.json are of different models",
          e);
    }
  }

  /** A new model's, with gradients. */
  public static Policy fromScratch(
      FromScratch settings, Backend backend, DType compute, long seed) {
    Tokenizer tokenizer = tokenizer(settings.vocabulary());
    Transformer model =
        Transformer.create(backend, shape(settings, tokenizer.size()), compute, true);
    model.initialise(Purpose.WEIGHTS.key(seed), settings.initializerRange());
    return new Policy(model, tokenizer);
  }

  /** The shape of a model made from scratch. */
  public static ModelConfig shape(FromScratch settings, int vocabulary) {
    return new ModelConfig(
        vocabulary,
        settings.hidden(),
        settings.layers(),
        new Heads(
            settings.heads(), settings.kvHeads().orElseThrow(), settings.headSize().orElseThrow()),
        settings.feedForward(),
        Gate.SILU,
        settings.ropeTheta(),
        (float) settings.epsilon(),
        settings.tiedEmbeddings(),
        settings.attentionBias(),
        settings.maxPositions());
  }

  /** The tokenizer of a model made from scratch. */
  public static Tokenizer tokenizer(Vocabulary vocabulary) {
    TokenizerBuilder builder =
        vocabulary
            .characters()
            .map(TokenizerBuilder::characters)
            .orElseGet(TokenizerBuilder::bytes);
    vocabulary.chatTemplate().map(Policy::text).ifPresent(builder::chatTemplate);
    return builder.tags(vocabulary.special()).endOfSequence("<|end|>").pad("<|pad|>").build();
  }

  private static String text(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new IllegalArgumentException(
          "model.from-scratch.vocabulary.chat-template: " + file + " cannot be read: " + e, e);
    }
  }

  @Override
  public void close() {
    model.close();
    tokenizer.close();
  }
}
