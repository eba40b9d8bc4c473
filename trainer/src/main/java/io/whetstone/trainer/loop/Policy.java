package io.whetstone.trainer.loop;

import io.whetstone.checkpoints.HuggingFaceModel;
import io.whetstone.model.ModelConfig;
import io.whetstone.model.Transformer;
import io.whetstone.tensor.Backend;
import io.whetstone.tensor.Gate;
import io.whetstone.tensor.Heads;
import io.whetstone.tokenizer.Tokenizer;
import io.whetstone.tokenizer.TokenizerBuilder;
import io.whetstone.trainer.config.FromScratch;
import io.whetstone.trainer.config.Model;
import io.whetstone.trainer.config.Vocabulary;
import io.whetstone.trainer.rollout.Purpose;
import java.nio.file.Path;

/** The model being trained and its tokenizer. */
public record Policy(Transformer model, Tokenizer tokenizer) implements AutoCloseable {

  /** What a configuration starts from, with gradients. */
  public static Policy start(Model settings, Backend backend, long seed) {
    return settings
        .path()
        .map(path -> load(path, backend, true))
        .orElseGet(() -> fromScratch(settings.fromScratch().orElseThrow(), backend, seed));
  }

  /** A model directory's. */
  public static Policy load(Path directory, Backend backend, boolean trainable) {
    return new Policy(
        HuggingFaceModel.load(directory, backend, trainable), Tokenizer.load(directory));
  }

  private static Policy fromScratch(FromScratch settings, Backend backend, long seed) {
    Tokenizer tokenizer = tokenizer(settings.vocabulary());
    Transformer model = Transformer.create(backend, shape(settings, tokenizer.size()), true);
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
    return builder.tags(vocabulary.special()).endOfSequence("<|end|>").pad("<|pad|>").build();
  }

  @Override
  public void close() {
    model.close();
    tokenizer.close();
  }
}
