package io.whetstone.checkpoints;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.whetstone.model.ModelConfig;
import io.whetstone.model.Transformer;
import io.whetstone.tensor.Backend;
import io.whetstone.tensor.Backends;
import io.whetstone.tensor.DType;
import io.whetstone.tensor.Gate;
import io.whetstone.tensor.Heads;
import io.whetstone.tensor.Tensor;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Directories that transformers wrote; see src/test/python/golden_models.py. */
class HuggingFaceModelTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir Path directory;
  private final Backend backend = Backends.open("cpu", 2);

  @AfterEach
  void close() {
    backend.close();
  }

  private void copy(String name) throws IOException {
    try {
      Path source = Path.of(HuggingFaceModelTest.class.getResource(name).toURI());
      try (Stream<Path> files = Files.list(source)) {
        for (Path file : files.toList()) {
          Files.copy(file, directory.resolve(file.getFileName()));
        }
      }
    } catch (URISyntaxException e) {
      throw new IOException(e);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"llama", "qwen2"})
  void logprobsAreThoseOfTransformers(String name) throws IOException {
    copy(name);
    try (Transformer model = HuggingFaceModel.load(directory, backend, DType.F32, true)) {
      Distributions.requireSame(JSON.readTree(directory.resolve("logprobs.json").toFile()), model);
    }
  }

  @Test
  void theConfigurationIsReadInBothSpellings() throws IOException {
    copy("llama");
    ModelConfig expected =
        new ModelConfig(20, 24, 2, new Heads(4, 2, 8), 40, Gate.SILU, 500, 1e-5f, false, false, 64);
    assertEquals(expected, HuggingFaceModel.config(directory));
    ObjectNode root = config();
    root.remove("rope_parameters");
    root.put("rope_theta", 500).putNull("rope_scaling");
    write(root);
    assertEquals(expected, HuggingFaceModel.config(directory));
    root.putObject("rope_scaling").put("type", "default");
    write(root);
    assertEquals(expected, HuggingFaceModel.config(directory));
  }

  private ObjectNode config() throws IOException {
    return (ObjectNode) JSON.readTree(directory.resolve("config.json").toFile());
  }

  private void write(ObjectNode root) throws IOException {
    Files.writeString(directory.resolve("config.json"), root.toString());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "llama | model_type | \"mixtral\" | mixtral is not supported: llama, qwen2, qwen3, mist",
        "llama | mlp_bias | true | the feed-forward has no biases",
        "llama | hidden_act | \"relu\" | relu is not supported: silu and",
        "llama | rope_scaling | {\"rope_type\":\"llama3\",\"factor\":8} | low_freq_factor: expected"
            + " a",
        "llama | rope_scaling | {\"type\":\"dynamic\"} | factor: expected a number, got nothing",
        "llama | rope_scaling | {\"type\":\"su\",\"factor\":2} | su is not supported",
        "llama | rope_scaling | \"linear\" | rope_scaling: expected an object",
        "llama | rope_scaling | {\"factor\":2} | it needs a rope_type",
        "llama | rope_scaling | {\"type\":\"linear\",\"factor\":-2} | factor: -2.0 is not finite",
        "llama | rope_parameters | {\"rope_type\":\"longrope\"} | short_factor: expected a list",
        "llama | rope_parameters | {\"rope_type\":\"longrope\",\"short_factor\":[1],"
            + "\"long_factor\":[1]} | 1 and 1 numbers is not 4 each, half the head",
        "llama | rope_parameters | {\"full_attention\":{\"rope_theta\":5}} | rotated alike",
        "llama | rope_parameters | {\"rope_type\":\"yarn\",\"rope_theta\":10} | factor: expected a",
        "llama | rope_parameters | 7 | rope_parameters: expected an object, got 7",
        "llama | partial_rotary_factor | 0.5 | expected 1",
        "llama | is_causal | false | a token sees only those before it",
        "llama | num_local_experts | 8 | only dense models",
        "llama | quantization_config | {\"bits\":4} | only dense models",
        "llama | auto_map | {\"AutoModel\":\"x.Y\"} | code that a model brings is not run",
        "llama | sliding_window | 4096 | expected null",
        "llama | layer_types | [\"sliding_attention\",\"full_attention\"] | not in a llama model",
        "qwen2 | layer_types | [\"full_attention\",\"sliding_attention\"] | not in a qwen2 model"
            + " of",
        "qwen2 | layer_types | [\"full_attention\",\"linear_attention\"] | not in a qwen2 model",
        "qwen2 | layer_types | [\"full_attention\"] | for each layer",
        "llama | hidden_size | null | expected a count ≥ 1, got nothing",
        "llama | num_hidden_layers | 2.5 | expected a count ≥ 1, got 2.5",
        "llama | rms_norm_eps | \"small\" | expected a number, got \"small\"",
        "llama | tie_word_embeddings | 1 | expected true or false, got 1",
        "llama | head_dim | 7 | head size must be even",
        "llama | num_key_value_heads | 3 | must be a multiple of key/value heads",
      })
  void whatWouldBeComputedDifferentlyIsRefusedByItsKey(
      String model, String key, String value, String message) throws IOException {
    copy(model);
    ObjectNode root = config();
    root.set(key, JSON.readTree(value));
    write(root);
    CheckpointException e =
        assertThrows(CheckpointException.class, () -> HuggingFaceModel.config(directory));
    assertTrue(e.getMessage().startsWith(directory.resolve("config.json") + ": "), e.getMessage());
    assertTrue(e.getMessage().contains(message), e.getMessage());
    assertTrue(e.getMessage().contains(key) || message.contains("head"), e.getMessage());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "llama | num_hidden_layers | 1 | tensors are not expected: model.layers.1.input_layernorm",
        "llama | num_hidden_layers | 3 | tensors are missing: model.layers.2.input_layernorm",
        "llama | vocab_size | 21 | expected [21 × 24], got F32 [20 × 24]",
        "qwen2 | intermediate_size | 31 | expected [31 × 24], got F16 [32 × 24]",
        "qwen2 | tie_word_embeddings | false | tensors are missing: lm_head.weight",
      })
  void tensorsThatDoNotFitAreNamed(String model, String key, String value, String message)
      throws IOException {
    copy(model);
    ObjectNode root = config();
    root.set(key, JSON.readTree(value));
    write(root);
    requireRefused(message);
  }

  /** Some files hold the table twice; a head of its own is not passed over. */
  @Test
  void aTiedModelMayHoldItsTableTwice() throws IOException {
    copy("llama");
    try (Transformer model = HuggingFaceModel.load(directory, backend, DType.F32, false)) {
      ObjectNode root = config();
      root.put("tie_word_embeddings", true);
      write(root);
      requireRefused("lm_head.weight is not model.embed_tokens.weight");
      Map<String, Tensor> weights = new LinkedHashMap<>(model.weights());
      weights.put("lm_head.weight", weights.get("model.embed_tokens.weight"));
      Safetensors.write(directory.resolve("model.safetensors"), weights, DType.F32, backend);
    }
    try (Transformer model = HuggingFaceModel.load(directory, backend, DType.F32, false)) {
      assertTrue(model.config().tiedEmbeddings());
    }
  }

  @BeforeEach
  void empty() throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      assertEquals(0, files.count());
    }
  }

  @Test
  void missingFilesAreNamed() throws IOException {
    requireRefused("config.json: no such file");
    copy("qwen2");
    Path shard = directory.resolve("model-00002-of-00002.safetensors");
    byte[] whole = Files.readAllBytes(shard);
    Files.write(shard, Arrays.copyOf(whole, whole.length - 5));
    requireRefused("model-00002-of-00002.safetensors: truncated");
    Files.delete(shard);
    requireRefused("model-00002-of-00002.safetensors: no such file");
    Files.delete(directory.resolve("model.safetensors.index.json"));
    requireRefused("neither model.safetensors nor model.safetensors.index.json");
    Files.createFile(directory.resolve("pytorch_model.bin"));
    requireRefused("pytorch_model.bin is not read");
    Files.writeString(directory.resolve("config.json"), "{\"model_type\": \"lla");
    requireRefused("config.json: not valid JSON");
  }

  @Test
  void anIndexThatDoesNotFitItsShardsIsRefused() throws IOException {
    copy("qwen2");
    Path index = directory.resolve("model.safetensors.index.json");
    ObjectNode root = (ObjectNode) JSON.readTree(index.toFile());
    ObjectNode map = (ObjectNode) root.get("weight_map");
    map.put("model.extra", "model-00001-of-00002.safetensors");
    Files.writeString(index, root.toString());
    requireRefused("model-00001-of-00002.safetensors: tensors are missing: model.extra");
    map.put("model.extra", "../elsewhere.safetensors");
    Files.writeString(index, root.toString());
    requireRefused("weight_map: \"../elsewhere.safetensors\" is not a file's name");
    Files.writeString(index, "{}");
    requireRefused("weight_map is missing or empty");
  }

  private void requireRefused(String message) {
    CheckpointException e =
        assertThrows(
            CheckpointException.class,
            () -> HuggingFaceModel.load(directory, backend, DType.F32, false).close());
    assertTrue(e.getMessage().startsWith(directory.toString()), e.getMessage());
    assertTrue(e.getMessage().contains(message), e.getMessage());
  }
}
