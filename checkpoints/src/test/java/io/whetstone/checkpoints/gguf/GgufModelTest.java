package io.whetstone.checkpoints.gguf;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.whetstone.checkpoints.HuggingFaceModel;
import io.whetstone.checkpoints.TensorSource;
import io.whetstone.model.FrozenTypes;
import io.whetstone.model.ModelConfig;
import io.whetstone.model.PackedTokens;
import io.whetstone.model.Transformer;
import io.whetstone.tensor.Backend;
import io.whetstone.tensor.Backends;
import io.whetstone.tensor.DType;
import io.whetstone.tensor.Segments;
import io.whetstone.tensor.Tensor;
import io.whetstone.tensor.Workspace;
import io.whetstone.tokenizer.Tokenizer;
import io.whetstone.tokenizer.chat.ChatTemplate;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A file of mixed types that others wrote, against what transformers and llama.cpp read from it;
 * see src/test/python/golden_gguf.py.
 */
class GgufModelTest {
  private static final double LIMIT = 1e-4;

  @TempDir Path temporary;
  private Backend backend;
  private Path file;
  private Path directory;
  private JsonNode golden;

  @BeforeEach
  void open() throws IOException, URISyntaxException {
    backend = Backends.open("cpu", 2);
    Path stored = Path.of(GgufModelTest.class.getResource("llama.gguf").toURI());
    golden = new ObjectMapper().readTree(stored.resolveSibling("golden.json").toFile());
    file = Files.copy(stored, temporary.resolve("model.gguf"));
    directory = GgufDirectory.of(file, temporary);
  }

  @AfterEach
  void close() {
    backend.close();
  }

  /** Log-softmax of the last rows, all tokens. */
  private float[] logprobs(Transformer model) {
    int[] ids = ints(golden.get("ids"));
    int rows = golden.get("logits").size();
    int vocabulary = model.config().vocabulary();
    int[] from = new int[rows * vocabulary];
    int[] targets = new int[rows * vocabulary];
    Arrays.setAll(from, i -> ids.length - rows + i / vocabulary);
    Arrays.setAll(targets, i -> i % vocabulary);
    try (Workspace workspace = backend.workspace("test")) {
      PackedTokens tokens = PackedTokens.of(ids, Segments.ofLengths(ids.length));
      return model.evaluate(tokens, from, targets, 1, workspace).logprobs();
    }
  }

  private static int[] ints(JsonNode node) {
    int[] ints = new int[node.size()];
    Arrays.setAll(ints, i -> node.get(i).asInt());
    return ints;
  }

  @Test
  void logitsAreThoseOfTransformers() {
    try (Transformer model = HuggingFaceModel.load(directory, backend, DType.F32, false)) {
      float[] got = logprobs(model);
      int vocabulary = model.config().vocabulary();
      for (int r = 0; r < golden.get("logits").size(); r++) {
        JsonNode row = golden.get("logits").get(r);
        double sum = 0;
        for (JsonNode logit : row) {
          sum += Math.exp(logit.doubleValue());
        }
        for (int v = 0; v < vocabulary; v++) {
          assertEquals(row.get(v).doubleValue() - Math.log(sum), got[r * vocabulary + v], LIMIT);
        }
      }
    }
  }

  /** Weights that stay quantised give the bits of the decoded ones, in both types. */
  @Test
  void quantisedWeightsGiveTheSameBits() {
    for (DType compute : List.of(DType.F32, DType.BF16)) {
      ModelConfig config = HuggingFaceModel.config(directory);
      try (Transformer decoded = HuggingFaceModel.load(directory, backend, compute, false);
          GgufFile gguf = GgufFile.open(file)) {
        GgufWeights weights = new GgufWeights(gguf, config);
        FrozenTypes kept = (name, columns) -> weights.blocks(name);
        try (Transformer model =
            Transformer.create(backend, config, compute, Optional.empty(), false, kept)) {
          model.weights().forEach((name, tensor) -> weights.read(name, tensor, backend));
          model.weightsChanged();
          String layer = "model.layers.0.";
          assertEquals(DType.Q6_K, model.weights().get("model.embed_tokens.weight").dtype());
          assertEquals(DType.Q4_K, model.weights().get(layer + "mlp.gate_proj.weight").dtype());
          assertEquals(DType.Q8_0, model.weights().get(layer + "self_attn.o_proj.weight").dtype());
          // Its parts are of two types.
          assertEquals(compute, model.weights().get(layer + "self_attn.q_proj.weight").dtype());
          assertArrayEquals(logprobs(decoded), logprobs(model), compute + ": bits");
        }
      }
    }
  }

  @Test
  void writtenAgainItIsTheSameToTheBit() throws IOException {
    try (Transformer model = HuggingFaceModel.load(directory, backend, DType.F32, false);
        Tokenizer tokenizer = Tokenizer.load(directory)) {
      Path again = temporary.resolve("again.gguf");
      GgufExport.write(
          again,
          model.config(),
          TensorSource.of(model.weights()),
          GgufType.F32,
          backend,
          tokenizer);
      Path unpacked = GgufDirectory.of(again, temporary);
      try (Transformer second = HuggingFaceModel.load(unpacked, backend, DType.F32, false)) {
        assertEquals(model.config(), second.config());
        second
            .weights()
            .forEach(
                (name, tensor) ->
                    assertArrayEquals(
                        backend.readFloats(model.weights().get(name)),
                        backend.readFloats(tensor),
                        name));
      }
      for (String name : List.of("tokenizer.json", "tokenizer_config.json")) {
        assertEquals(
            Files.readString(directory.resolve(name)), Files.readString(unpacked.resolve(name)));
      }
    }
  }

  @Test
  void tokensAreThoseOfLlamaCpp() {
    try (Tokenizer tokenizer = Tokenizer.load(directory)) {
      for (int i = 0; i < golden.get("texts").size(); i++) {
        String text = golden.get("texts").get(i).asText();
        assertArrayEquals(ints(golden.get("tokens").get(i)), tokenizer.encode(text), text);
      }
      assertEquals(List.of(2), tokenizer.endOfSequence());
      assertEquals(1, tokenizer.beginningOfSequence().orElseThrow());
    }
    assertTrue(ChatTemplate.load(directory).isPresent());
  }

  /** The directory is found again, and made anew for another file. */
  @Test
  void unpackedOnce() throws IOException {
    assertEquals(directory, GgufDirectory.of(file, temporary));
    Path copy = temporary.resolve("llama.gguf");
    Files.copy(file, copy);
    assertTrue(!directory.equals(GgufDirectory.of(copy, temporary)));
  }

  /** A Hugging Face model is quantised as it is read. */
  @Test
  void quantizesWhatIsRead() {
    try (Transformer model =
        HuggingFaceModel.load(
            directory, backend, DType.BF16, Optional.empty(), false, Optional.of(DType.Q8_0))) {
      Tensor down = model.weights().get("model.layers.0.mlp.down_proj.weight");
      assertEquals(DType.Q8_0, down.dtype());
      try (Transformer exact = HuggingFaceModel.load(directory, backend, DType.F32, false)) {
        float[] from =
            backend.readFloats(exact.weights().get("model.layers.0.mlp.down_proj.weight"));
        float[] to = backend.readFloats(down);
        for (int i = 0; i < from.length; i++) {
          assertEquals(from[i], to[i], 0.5 / 127, "weight " + i);
        }
      }
    }
  }
}
