package io.whetstone.checkpoints;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.fasterxml.jackson.databind.JsonNode;
import io.whetstone.model.ModelConfig;
import io.whetstone.model.Transformer;
import io.whetstone.tensor.Backend;
import io.whetstone.tensor.Backends;
import io.whetstone.tensor.DType;
import io.whetstone.tensor.Gate;
import io.whetstone.tensor.Heads;
import io.whetstone.tensor.Philox;
import io.whetstone.tokenizer.Tokenizer;
import io.whetstone.tokenizer.TokenizerBuilder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What this module writes is, byte for byte, what transformers was seen to load, with the logprobs
 * it gave: see src/test/python/check_exports.py, for which {@code -Dexports=DIR} keeps the files.
 */
class ExportTest {
  private static final Map<String, ModelConfig> CONFIGS =
      Map.of(
          "llama",
          new ModelConfig(
              20, 32, 2, new Heads(4, 2, 8), 48, Gate.SILU, 10_000, 1e-5f, true, false, 128),
          "llama-untied",
          new ModelConfig(
              23, 24, 2, new Heads(2, 1, 16), 40, Gate.GELU_TANH, 500, 1e-6f, false, false, 64),
          "qwen2",
          new ModelConfig(
              20, 32, 3, new Heads(4, 4, 8), 40, Gate.SILU, 1e6, 1e-6f, false, true, 64));

  @TempDir Path temporary;
  private final Backend backend = Backends.open("cpu", 1);

  @AfterEach
  void close() {
    backend.close();
  }

  private Path export(String name) throws IOException {
    String kept = System.getProperty("exports");
    Path directory = (kept == null ? temporary : Path.of(kept)).resolve(name);
    try (Transformer model = Transformer.create(backend, CONFIGS.get(name), DType.F32, false);
        Tokenizer tokenizer =
            TokenizerBuilder.characters("0123456789+=;?")
                .tags(List.of("<think>", "</think>", "<answer>", "</answer>"))
                .endOfSequence("<|end|>")
                .pad("<|pad|>")
                .build()) {
      fill(model);
      HuggingFaceModel.save(
          directory, model.config(), model.weights(), DType.F32, backend, tokenizer);
    }
    return directory;
  }

  /** The same bits on every machine, and large enough for every weight to show. */
  private void fill(Transformer model) {
    model
        .weights()
        .forEach(
            (name, weight) -> {
              float[] values = new float[(int) weight.size()];
              for (int i = 0; i < values.length; i++) {
                float noise = (float) Philox.uniform(name.hashCode(), i) - 0.5f;
                values[i] = name.contains("norm") ? 1 + noise : noise;
              }
              backend.write(weight, values);
            });
    model.weightsChanged();
  }

  @ParameterizedTest
  @ValueSource(strings = {"llama", "llama-untied", "qwen2"})
  void filesAndLogprobsAreThoseThatTransformersSaw(String name) throws Exception {
    Path directory = export(name);
    if (System.getProperty("exports") != null) {
      return; // they are to be looked at first
    }
    JsonNode golden = Distributions.resource("exports.json").get(name);
    Set<String> expected = new TreeSet<>();
    golden.get("files").fieldNames().forEachRemaining(expected::add);
    try (Stream<Path> files = Files.list(directory)) {
      assertEquals(expected, new TreeSet<>(files.map(f -> f.getFileName().toString()).toList()));
    }
    for (String file : expected) {
      byte[] hash =
          MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(directory.resolve(file)));
      assertEquals(golden.get("files").get(file).asText(), HexFormat.of().formatHex(hash), file);
    }
    try (Tokenizer tokenizer = Tokenizer.load(directory)) {
      assertArrayEquals(
          Distributions.ints(golden.get("ids")), tokenizer.encode(golden.get("text").asText()));
      assertEquals(List.of(18), tokenizer.endOfSequence());
    }
    try (Transformer model = HuggingFaceModel.load(directory, backend, DType.F32, false)) {
      assertEquals(CONFIGS.get(name), model.config());
      Distributions.requireSame(golden, model);
    }
  }

  @Test
  void aTokenizerWithMoreIdsThanTheModelIsRefused() throws IOException {
    try (Transformer model = Transformer.create(backend, CONFIGS.get("llama"), DType.F32, false);
        Tokenizer tokenizer = TokenizerBuilder.bytes().endOfSequence("<|end|>").build()) {
      IllegalArgumentException e =
          assertThrows(
              IllegalArgumentException.class,
              () ->
                  HuggingFaceModel.save(
                      temporary, model.config(), model.weights(), DType.F32, backend, tokenizer));
      assertEquals(
          "the tokenizer has 257 ids, the model only 20 rows of embeddings", e.getMessage());
    }
  }
}
