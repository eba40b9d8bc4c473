package io.whetstone.checkpoints.gguf;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.whetstone.checkpoints.CheckpointException;
import io.whetstone.checkpoints.HuggingFaceModel;
import io.whetstone.checkpoints.TensorSource;
import io.whetstone.model.Architecture;
import io.whetstone.model.Family;
import io.whetstone.model.ModelConfig;
import io.whetstone.model.Transformer;
import io.whetstone.tensor.Backend;
import io.whetstone.tensor.Backends;
import io.whetstone.tensor.DType;
import io.whetstone.tokenizer.Tokenizer;
import io.whetstone.tokenizer.TokenizerBuilder;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The families' checkpoints, which transformers wrote, through GGUF files and back: names, norms,
 * permutations and metadata invert each other. That llama.cpp computes the same of them is shown by
 * hand: docs/gguf.md.
 */
class GgufFamiliesTest {
  @TempDir Path temporary;

  private static Path family(String name) throws URISyntaxException {
    return Path.of(CheckpointException.class.getResource("families/" + name).toURI());
  }

  private Path export(Backend backend, Transformer model, ModelConfig config, GgufType type)
      throws IOException {
    Path file = temporary.resolve("model.gguf");
    try (Tokenizer tokenizer =
        TokenizerBuilder.characters(" 0123456789+=;?").endOfSequence("<|end|>").build()) {
      GgufExport.write(file, config, TensorSource.of(model.weights()), type, backend, tokenizer);
    }
    return GgufDirectory.of(file, temporary);
  }

  /** Head sizes that queries are scaled by; other scalars are refused, see below. */
  private static ModelConfig known(ModelConfig config) {
    Architecture a = config.architecture();
    return new ModelConfig(
        new Architecture(
            a.family(),
            a.norms(),
            a.normOffset(),
            a.queryKeyNorm(),
            a.queryKeyValueBias(),
            a.attentionOutBias(),
            config.heads().size(),
            a.attentionSoftCap(),
            a.logitSoftCap(),
            a.embeddingScale()),
        config.vocabulary(),
        config.hidden(),
        config.heads(),
        config.feedForward(),
        config.gate(),
        config.epsilon(),
        config.tiedEmbeddings(),
        config.maxPositions(),
        config.layerForms());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "llama",
        "llama-llama3",
        "llama-linear",
        "qwen2",
        "qwen2-yarn",
        "qwen3",
        "mistral",
        "gemma2",
        "gemma3",
        "phi3",
        "phi3-longrope",
        "olmo2"
      })
  void comesBackToTheBit(String name) throws Exception {
    try (Backend backend = Backends.open("cpu", 1);
        Transformer model = HuggingFaceModel.load(family(name), backend, DType.F32, false)) {
      ModelConfig config = known(model.config());
      Path directory = export(backend, model, config, GgufType.F32);
      try (Transformer again = HuggingFaceModel.load(directory, backend, DType.F32, false)) {
        boolean windows =
            config.architecture().family() != Family.GEMMA2
                && config.architecture().family() != Family.GEMMA3
                && config.layerForms().stream().anyMatch(form -> form.window() > 0);
        if (windows) {
          int shortest =
              config.layerForms().stream()
                  .mapToInt(form -> form.window() == 0 ? Integer.MAX_VALUE : form.window())
                  .min()
                  .orElseThrow();
          assertEquals(shortest, again.config().maxPositions(), "as many as see the same");
        } else if (!name.equals("mistral")) {
          assertEquals(config, again.config());
        }
        assertEquals(model.weights().keySet(), again.weights().keySet());
        model
            .weights()
            .forEach(
                (weight, tensor) ->
                    assertArrayEquals(
                        backend.readFloats(tensor),
                        backend.readFloats(again.weights().get(weight)),
                        weight));
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    "gemma2,query_pre_attn_scalar",
    "gemma3,query_pre_attn_scalar",
    "smollm3,layers without positions"
  })
  void whatLlamaCppComputesOtherwiseIsRefused(String name, String what) throws Exception {
    try (Backend backend = Backends.open("cpu", 1);
        Transformer model = HuggingFaceModel.load(family(name), backend, DType.F32, false)) {
      IllegalArgumentException e =
          assertThrows(
              IllegalArgumentException.class,
              () -> export(backend, model, model.config(), GgufType.F32));
      assertTrue(e.getMessage().contains(what), e.getMessage());
    }
  }

  /** Rows of 32 and 24 numbers: Q4_K falls back to Q8_0 and F16. */
  @Test
  void shortRowsAreStoredInOtherTypes() throws Exception {
    try (Backend backend = Backends.open("cpu", 1);
        Transformer model = HuggingFaceModel.load(family("qwen3"), backend, DType.F32, false)) {
      Path directory = export(backend, model, model.config(), GgufType.Q4_K);
      try (GgufFile file = GgufFile.open(directory.resolve(GgufDirectory.WEIGHTS))) {
        assertEquals(GgufType.Q8_0, file.tensor("blk.0.ffn_gate.weight").type());
        assertEquals(GgufType.F16, file.tensor("blk.0.ffn_down.weight").type());
        assertEquals(GgufType.F32, file.tensor("blk.0.ffn_norm.weight").type());
      }
      try (Transformer again = HuggingFaceModel.load(directory, backend, DType.F32, false)) {
        String gate = "model.layers.0.mlp.gate_proj.weight";
        float[] before = backend.readFloats(model.weights().get(gate));
        float[] after = backend.readFloats(again.weights().get(gate));
        for (int i = 0; i < before.length; i++) {
          assertEquals(before[i], after[i], 0.01, gate + " " + i);
        }
      }
    }
  }
}
