package io.whetstone.checkpoints.gguf;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.whetstone.checkpoints.CheckpointException;
import io.whetstone.checkpoints.HuggingFaceModel;
import io.whetstone.checkpoints.ModelWeights;
import io.whetstone.checkpoints.PeftAdapter;
import io.whetstone.model.ModelConfig;
import io.whetstone.model.PackedTokens;
import io.whetstone.model.Transformer;
import io.whetstone.tensor.Backend;
import io.whetstone.tensor.Backends;
import io.whetstone.tensor.DType;
import io.whetstone.tensor.Segments;
import io.whetstone.tensor.Workspace;
import io.whetstone.tokenizer.Tokenizer;
import io.whetstone.tokenizer.TokenizerBuilder;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A base model and PEFT's adapter, merged and written as GGUF, compute what llama.cpp computed of
 * that file: see src/test/python/golden_merged_gguf.py, for which {@code -Dexports=DIR} keeps it.
 */
class MergedGgufTest {
  private static final double LIMIT = 1e-4;

  @TempDir Path temporary;

  private static Path resource(String name) throws URISyntaxException {
    return Path.of(CheckpointException.class.getResource(name).toURI());
  }

  @ParameterizedTest
  @ValueSource(strings = {"llama", "qwen2"})
  void logprobsAreLlamaCpps(String name) throws Exception {
    String kept = System.getProperty("exports");
    Path file = (kept == null ? temporary : Path.of(kept)).resolve(name + ".gguf");
    Files.createDirectories(file.getParent());
    try (Backend backend = Backends.open("cpu", 2)) {
      export(name, file, backend);
      if (kept != null) {
        return; // it is to be looked at first
      }
      JsonNode golden =
          new ObjectMapper()
              .readTree(Files.readAllBytes(resource("peft/merged-gguf.json")))
              .get(name);
      Path directory = GgufDirectory.of(file, temporary);
      try (Transformer model = HuggingFaceModel.load(directory, backend, DType.F32, false)) {
        requireSame(golden, model, backend);
      }
    }
  }

  private static void export(String name, Path file, Backend backend)
      throws IOException, URISyntaxException {
    Path base = resource("families/" + name);
    PeftAdapter adapter = PeftAdapter.read(resource("peft/" + name));
    ModelConfig config = HuggingFaceModel.config(base);
    try (ModelWeights weights = ModelWeights.merged(base, adapter, adapter.weights(), backend);
        Tokenizer tokenizer =
            TokenizerBuilder.characters(" 0123456789+=;?").endOfSequence("<|end|>").build()) {
      GgufExport.write(file, config, weights, GgufType.F32, backend, tokenizer);
    }
  }

  private static void requireSame(JsonNode golden, Transformer model, Backend backend) {
    int[] ids = new int[golden.get("ids").size()];
    Arrays.setAll(ids, i -> golden.get("ids").get(i).asInt());
    int vocabulary = model.config().vocabulary();
    int[] rows = new int[vocabulary];
    Arrays.fill(rows, ids.length - 1);
    int[] targets = new int[vocabulary];
    Arrays.setAll(targets, v -> v);
    try (Workspace workspace = backend.workspace("test")) {
      float[] got =
          model
              .evaluate(
                  PackedTokens.of(ids, Segments.ofLengths(ids.length)), rows, targets, 1, workspace)
              .logprobs();
      double sum = 0;
      for (JsonNode logit : golden.get("logits")) {
        sum += Math.exp(logit.asDouble());
      }
      for (int v = 0; v < vocabulary; v++) {
        assertEquals(
            golden.get("logits").get(v).asDouble() - Math.log(sum), got[v], LIMIT, "id " + v);
      }
    }
  }
}
