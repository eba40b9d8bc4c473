package io.whetstone.generation;

import io.whetstone.model.ModelConfig;
import io.whetstone.model.Transformer;
import io.whetstone.tensor.Backend;
import io.whetstone.tensor.Backends;
import io.whetstone.tensor.DType;
import io.whetstone.tensor.Gate;
import io.whetstone.tensor.Heads;
import io.whetstone.tokenizer.Tokenizer;
import io.whetstone.tokenizer.TokenizerBuilder;
import java.util.List;

/** A tokenizer of digits and tags and a random model of two layers, on two threads. */
final class TinyModel implements AutoCloseable {
  static final int POSITIONS = 96;

  final Backend backend = Backends.open("cpu", 2);
  final Tokenizer tokenizer =
      TokenizerBuilder.characters("0123456789+=;?")
          .tags(List.of("<think>", "</think>", "<answer>", "</answer>"))
          .endOfSequence("<|end|>")
          .pad("<|pad|>")
          .build();
  final Transformer policy;

  TinyModel(DType compute) {
    ModelConfig config =
        new ModelConfig(
            tokenizer.size(),
            32,
            2,
            new Heads(4, 2, 8),
            48,
            Gate.SILU,
            10000,
            1e-5f,
            true,
            false,
            POSITIONS);
    policy = Transformer.create(backend, config, compute, false);
    policy.initialise(1, 0.3);
  }

  @Override
  public void close() {
    policy.close();
    tokenizer.close();
    backend.close();
  }
}
