package io.whetstone.checkpoints;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.whetstone.model.ModelConfig;
import io.whetstone.model.PackedTokens;
import io.whetstone.model.Scored;
import io.whetstone.model.Transformer;
import io.whetstone.tensor.Backend;
import io.whetstone.tensor.Backends;
import io.whetstone.tensor.DType;
import io.whetstone.tensor.Segments;
import io.whetstone.tensor.Workspace;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Adapters that PEFT made compute what they computed there, and go back as they came. */
class PeftAdapterTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final double LIMIT = 1e-4;

  @TempDir Path temporary;
  private Backend backend;

  @BeforeEach
  void open() {
    backend = Backends.open("cpu", 2);
  }

  @AfterEach
  void close() {
    backend.close();
  }

  private static Path resource(String name) throws URISyntaxException {
    return Path.of(PeftAdapterTest.class.getResource(name).toURI());
  }

  private Transformer load(String name, boolean trainable) throws URISyntaxException {
    PeftAdapter adapter = PeftAdapter.read(resource("peft/" + name));
    Path base = resource("families/" + name);
    Transformer model =
        HuggingFaceModel.load(
            base, backend, DType.F32, adapter.lora(HuggingFaceModel.config(base)), trainable);
    adapter.load(model);
    return model;
  }

  @ParameterizedTest
  @ValueSource(strings = {"qwen2", "llama"})
  void logitsLossAndGradientsArePefts(String name) throws Exception {
    JsonNode golden = HuggingFaceModel.readObject(resource("peft/" + name + "/golden.json"));
    int[] ids = Distributions.ints(golden.get("ids"));
    float[] slopes = Distributions.floats(golden.get("slopes"));
    int n = slopes.length;
    try (Transformer model = load(name, true);
        Workspace workspace = backend.workspace("test");
        SafetensorsFile expected =
            SafetensorsFile.open(resource("peft/" + name + "/gradients.safetensors"))) {
      requireSame(golden.get("logits"), Distributions.logprobs(model, ids));
      Scored scored =
          model.score(
              PackedTokens.of(Arrays.copyOf(ids, n), Segments.ofLengths(n)),
              IntStream.range(0, n).toArray(),
              Arrays.copyOfRange(ids, 1, n + 1),
              1,
              workspace);
      double loss = 0;
      for (int i = 0; i < n; i++) {
        loss += (double) slopes[i] * scored.logprobs()[i];
      }
      assertEquals(golden.get("loss").asDouble(), loss, LIMIT * Math.abs(loss));
      model.backward(scored, slopes, new float[n], workspace);
      assertEquals(expected.tensors().keySet(), model.gradients().keySet());
      model
          .gradients()
          .forEach((key, g) -> requireNear(key, backend.readFloats(g), expected.floats(key)));
      model.mergeAdapters();
      requireSame(golden.get("merged"), Distributions.logprobs(model, ids));
    }
  }

  private static void requireSame(JsonNode logits, float[][] logprobs) {
    for (int i = 0; i < logprobs.length; i++) {
      float[] row = Distributions.floats(logits.get(i));
      double sum = 0;
      for (float logit : row) {
        sum += Math.exp(logit);
      }
      for (int v = 0; v < row.length; v++) {
        assertEquals(row[v] - Math.log(sum), logprobs[i][v], LIMIT, "after id " + i);
      }
    }
  }

  private static void requireNear(String name, float[] got, float[] expected) {
    double difference = 0;
    double size = 0;
    for (int i = 0; i < expected.length; i++) {
      difference = Math.max(difference, Math.abs((double) got[i] - expected[i]));
      size = Math.max(size, Math.abs(expected[i]));
    }
    assertTrue(difference <= LIMIT * size, name + ": " + difference + " of " + size);
  }

  @ParameterizedTest
  @ValueSource(strings = {"qwen2", "llama"})
  void goesBackAsItCame(String name) throws Exception {
    Path from = resource("peft/" + name);
    PeftAdapter adapter = PeftAdapter.read(from);
    try (Transformer model = load(name, false)) {
      PeftAdapter.save(
          temporary, model, model.trained(), adapter.types(), adapter.base().orElseThrow());
    }
    try (SafetensorsFile before = SafetensorsFile.open(from.resolve(PeftAdapter.WEIGHTS));
        SafetensorsFile after = SafetensorsFile.open(temporary.resolve(PeftAdapter.WEIGHTS))) {
      assertEquals(before.tensors().keySet(), after.tensors().keySet());
      for (String key : before.tensors().keySet()) {
        assertEquals(before.tensors().get(key).type(), after.tensors().get(key).type());
        assertArrayEquals(before.floats(key), after.floats(key), key);
      }
    }
    assertEquals(adapter.lora(), PeftAdapter.read(temporary).lora());
    JsonNode before = HuggingFaceModel.readObject(from.resolve(PeftAdapter.CONFIG));
    JsonNode after = HuggingFaceModel.readObject(temporary.resolve(PeftAdapter.CONFIG));
    assertFalse(after.isEmpty());
    after
        .properties()
        .forEach(
            key -> {
              if (!key.getKey().equals("target_modules")) {
                assertEquals(before.get(key.getKey()), key.getValue(), key.getKey());
              }
            });
  }

  @ParameterizedTest
  @ValueSource(strings = {"qwen2", "llama"})
  void mergedATensorAtATimeItIsTheWholeMergedModelToTheBit(String name) throws Exception {
    PeftAdapter adapter = PeftAdapter.read(resource("peft/" + name));
    Path base = resource("families/" + name);
    try (Transformer whole = load(name, false);
        ModelWeights plain = ModelWeights.open(base, Optional.empty(), backend);
        ModelWeights merged = ModelWeights.merged(base, adapter, adapter.weights(), backend)) {
      for (boolean withAdapter : new boolean[] {false, true}) {
        ModelWeights each = withAdapter ? merged : plain;
        assertEquals(List.copyOf(whole.weights().keySet()), List.copyOf(each.shapes().keySet()));
        whole
            .weights()
            .forEach(
                (key, weight) -> {
                  assertEquals(weight.shape(), each.shapes().get(key), key);
                  assertArrayEquals(
                      backend.readFloats(weight), backend.readFloats(each.tensor(key)), key);
                });
        whole.mergeAdapters();
      }
    }
  }

  @Test
  void anAdapterIsWrittenAnewWithoutItsModelsWeights() throws Exception {
    Path from = resource("peft/llama");
    PeftAdapter adapter = PeftAdapter.read(from);
    ModelConfig config = HuggingFaceModel.config(resource("families/llama"));
    Path again = temporary.resolve("again");
    adapter.rewrite(
        again,
        config,
        adapter.weights(),
        adapter.types(),
        new AdaptedModel("some/base", Optional.of("v1")),
        backend);
    assertEquals(
        -1, Files.mismatch(from.resolve(PeftAdapter.WEIGHTS), again.resolve(PeftAdapter.WEIGHTS)));
    assertEquals(
        new AdaptedModel("some/base", Optional.of("v1")),
        PeftAdapter.read(again).base().orElseThrow());
    Path other = resource("peft/qwen2/" + PeftAdapter.WEIGHTS);
    String message =
        assertThrows(
                CheckpointException.class,
                () ->
                    adapter.rewrite(
                        again, config, other, adapter.types(), AdaptedModel.at("b"), backend))
            .getMessage();
    assertTrue(message.contains("tensors are not expected: base_model"), message);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "use_dora|true",
        "rank_pattern|{\"q_proj\": 8}",
        "alpha_pattern|{\"q_proj\": 8}",
        "bias|\"all\"",
        "lora_bias|true",
        "modules_to_save|[\"lm_head\"]",
        "alora_invocation_tokens|[1, 2]",
        "target_parameters|[\"experts\"]",
        "trainable_token_indices|[3]",
        "layer_replication|[[0, 1]]",
        "fan_in_fan_out|true",
        "init_lora_weights|\"pissa\"",
        "peft_type|\"IA3\"",
        "task_type|\"SEQ_CLS\"",
        "r|0",
        "lora_alpha|\"8\"",
        "of_a_later_version|{\"x\": 1}"
      })
  void whatIsNotPlainLoraIsRefusedByName(String key, String value) throws Exception {
    for (String file : new String[] {PeftAdapter.CONFIG, PeftAdapter.WEIGHTS}) {
      Files.copy(resource("peft/llama/" + file), temporary.resolve(file));
    }
    Path config = temporary.resolve(PeftAdapter.CONFIG);
    ObjectNode root = (ObjectNode) HuggingFaceModel.readObject(config);
    root.set(key, JSON.readTree(value));
    Files.write(config, JSON.writeValueAsBytes(root));
    String message =
        assertThrows(CheckpointException.class, () -> PeftAdapter.read(temporary)).getMessage();
    assertTrue(message.startsWith(config + ": " + key + ": "), message);
  }

  @Test
  void anAdapterOfAnotherModelIsRefused() throws Exception {
    Path base = resource("families/phi3"); // its q, k and v are one module
    PeftAdapter adapter = PeftAdapter.read(resource("peft/llama"));
    String message =
        assertThrows(CheckpointException.class, () -> adapter.lora(HuggingFaceModel.config(base)))
            .getMessage();
    assertTrue(message.contains("q_proj"), message);
  }

  @Test
  void tensorsThatDoNotBelongAreRefused() throws IOException, URISyntaxException {
    Files.copy(resource("peft/llama/" + PeftAdapter.CONFIG), temporary.resolve(PeftAdapter.CONFIG));
    Files.copy(
        resource("peft/qwen2/" + PeftAdapter.WEIGHTS), temporary.resolve(PeftAdapter.WEIGHTS));
    PeftAdapter adapter = PeftAdapter.read(temporary); // rank 4 by its file, 3 by its tensors
    Path base = resource("families/qwen2");
    try (Transformer model =
        HuggingFaceModel.load(
            base, backend, DType.F32, adapter.lora(HuggingFaceModel.config(base)), false)) {
      String message =
          assertThrows(CheckpointException.class, () -> adapter.load(model)).getMessage();
      assertTrue(message.contains("expected [4 × 32], got"), message);
    }
  }
}
