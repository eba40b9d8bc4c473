package io.whetstone.checkpoints;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.whetstone.model.ModelConfig;
import io.whetstone.model.PackedTokens;
import io.whetstone.model.Scored;
import io.whetstone.model.Transformer;
import io.whetstone.model.WeightShapes;
import io.whetstone.tensor.Backend;
import io.whetstone.tensor.Backends;
import io.whetstone.tensor.CachedRows;
import io.whetstone.tensor.DType;
import io.whetstone.tensor.KvCache;
import io.whetstone.tensor.Sampling;
import io.whetstone.tensor.Segments;
import io.whetstone.tensor.Shape;
import io.whetstone.tensor.Tensor;
import io.whetstone.tensor.Workspace;
import io.whetstone.tokenizer.Tokenizer;
import io.whetstone.tokenizer.TokenizerBuilder;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Each family against transformers, on checkpoints that it wrote; see
 * src/test/python/golden_families.py. Sequences are longer than a cache page and than the windows.
 */
@ParameterizedClass
@ValueSource(
    strings = {
      "llama",
      "llama-llama3",
      "llama-linear",
      "llama-dynamic",
      "qwen2",
      "qwen2-yarn",
      "qwen3",
      "mistral",
      "gemma2",
      "gemma3",
      "phi3",
      "phi3-longrope",
      "olmo2",
      "smollm3"
    })
class FamiliesTest {
  private static final double LIMIT = 1e-4;

  @Parameter String name;
  private Backend backend;
  private Path directory;
  private JsonNode golden;
  private int[] ids;
  private float[][] logits;

  @BeforeEach
  void open() throws IOException, URISyntaxException {
    backend = Backends.open("cpu", 2);
    directory = Path.of(FamiliesTest.class.getResource("families/" + name).toURI());
    golden = HuggingFaceModel.readObject(directory.resolve("golden.json"));
    ids = Distributions.ints(golden.get("ids"));
    logits = new float[ids.length][];
    Arrays.setAll(logits, i -> Distributions.floats(golden.get("logits").get(i)));
  }

  @AfterEach
  void close() {
    backend.close();
  }

  @Test
  void packedWithNeighbours() {
    try (Transformer model = load(false);
        Workspace workspace = backend.workspace("test")) {
      int vocabulary = model.config().vocabulary();
      int[] left = {3, 1, 4};
      int[] right = {1, 5};
      int[] packed = concat(left, ids, right);
      int n = ids.length * vocabulary;
      int[] rows = new int[n];
      int[] targets = new int[n];
      Arrays.setAll(rows, i -> left.length + i / vocabulary);
      Arrays.setAll(targets, i -> i % vocabulary);
      PackedTokens tokens =
          PackedTokens.of(packed, Segments.ofLengths(left.length, ids.length, right.length));
      float[] got = model.evaluate(tokens, rows, targets, 1, workspace).logprobs();
      for (int i = 0; i < n; i++) {
        float[] row = logits[i / vocabulary];
        assertEquals(row[i % vocabulary] - logSumExp(row), got[i], LIMIT, "logprob " + i);
      }
    }
  }

  @Test
  void namesAndShapesAreKnownWithoutTheWeights() {
    try (Transformer model = load(false)) {
      Map<String, Shape> shapes = new LinkedHashMap<>();
      model.weights().forEach((key, weight) -> shapes.put(key, weight.shape()));
      assertEquals(
          List.copyOf(shapes.entrySet()), List.copyOf(WeightShapes.of(model.config()).entrySet()));
    }
  }

  @Test
  void cachedInChunksWithNeighbours() {
    try (Transformer model = load(false);
        Decoder decoder = new Decoder(model)) {
      int at = 0;
      for (int chunk : new int[] {11, 1, 16, 1, 1, 10}) {
        float[][] got = decoder.feed(Arrays.copyOfRange(ids, at, at + chunk));
        for (int i = 0; i < chunk; i++) {
          assertArrayEquals(logits[at + i], got[i], (float) LIMIT, "logits after " + (at + i));
        }
        at += chunk;
      }
      assertEquals(ids.length, at);
    }
  }

  @Test
  void greedyDecodingSaysTheSame() {
    int prompt = golden.get("prompt").asInt();
    int[] expected = Distributions.ints(golden.get("greedy"));
    int[] got = new int[expected.length];
    try (Transformer model = load(false);
        Decoder decoder = new Decoder(model)) {
      float[][] last = decoder.feed(Arrays.copyOf(ids, prompt));
      for (int i = 0; i < got.length; i++) {
        got[i] = best(last[last.length - 1]);
        last = decoder.feed(new int[] {got[i]});
      }
    }
    assertArrayEquals(expected, got);
  }

  /** The logprob at sampling is the trainer's to the bit, in F32 and in BF16. */
  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"F32", "BF16"})
  void cachedIsPackedToTheBit(DType compute) {
    int n = ids.length;
    int[] targets = new int[n];
    float[] sampled = new float[n];
    try (Transformer model = HuggingFaceModel.load(directory, backend, compute, true);
        Workspace workspace = backend.workspace("test");
        Decoder decoder = new Decoder(model)) {
      for (int at = 0; at < n; at += 8) {
        int[] likeliest = new int[8];
        float[] logprobs = new float[8];
        decoder.best(Arrays.copyOfRange(ids, at, at + 8), likeliest, logprobs);
        System.arraycopy(likeliest, 0, targets, at, 8);
        System.arraycopy(logprobs, 0, sampled, at, 8);
      }
      PackedTokens tokens = PackedTokens.of(ids, Segments.ofLengths(n));
      int[] rows = IntStream.range(0, n).toArray();
      Scored scored = model.score(tokens, rows, targets, 1, workspace);
      assertArrayEquals(scored.logprobs(), sampled);
    }
  }

  @Test
  void everyGradient() {
    int n = ids.length - 1;
    try (Transformer model = load(true);
        Workspace workspace = backend.workspace("test");
        SafetensorsFile expected =
            SafetensorsFile.open(directory.resolve("gradients.safetensors"))) {
      Scored scored =
          model.score(
              PackedTokens.of(Arrays.copyOf(ids, n), Segments.ofLengths(n)),
              IntStream.range(0, n).toArray(),
              Arrays.copyOfRange(ids, 1, n + 1),
              1,
              workspace);
      model.backward(scored, Distributions.floats(golden.get("slopes")), new float[n], workspace);
      assertEquals(expected.tensors().keySet(), model.gradients().keySet());
      model
          .gradients()
          .forEach(
              (weight, gradient) ->
                  requireNear(weight, backend.readFloats(gradient), expected.floats(weight)));
    }
  }

  @Test
  void activationBytesIsWhatAStepTakes() {
    int n = ids.length;
    int[] rows = IntStream.range(0, n).toArray();
    try (Transformer model = load(true);
        Workspace workspace = backend.workspace("test")) {
      Scored scored =
          model.score(PackedTokens.of(ids, Segments.ofLengths(n)), rows, ids, 1, workspace);
      model.backward(scored, new float[n], new float[n], workspace);
      long told = model.activationBytes(n, n);
      long roundedUp = workspace.bytesPeak() - 64 * 64; // tensors start on 64-byte boundaries
      assertTrue(
          told >= roundedUp && told < 1.25 * workspace.bytesPeak(),
          told + " bytes told, " + workspace.bytesPeak() + " taken");
    }
  }

  @Test
  void writtenAndReadAgain(@TempDir Path to) throws IOException {
    try (Transformer model = load(false);
        Tokenizer tokenizer =
            TokenizerBuilder.characters("0123456789").endOfSequence("<e>").build()) {
      HuggingFaceModel.save(to, model.config(), model.weights(), DType.BF16, backend, tokenizer);
      assertEquals(model.config(), HuggingFaceModel.config(to));
      try (SafetensorsFile before = SafetensorsFile.open(directory.resolve("model.safetensors"));
          SafetensorsFile after = SafetensorsFile.open(to.resolve("model.safetensors"))) {
        assertEquals(before.tensors().keySet(), after.tensors().keySet());
        for (String weight : before.tensors().keySet()) {
          assertArrayEquals(before.floats(weight), after.floats(weight), weight);
        }
      }
    }
  }

  /** Before transformers 5: rope_theta and rope_scaling outside, no rope_parameters. */
  @Test
  void theOlderSpellingSaysTheSame() {
    ModelConfig expected = HuggingFaceModel.config(directory);
    ObjectNode root = (ObjectNode) HuggingFaceModel.readObject(directory.resolve("config.json"));
    JsonNode rope = root.remove("rope_parameters");
    if (rope.has("full_attention")) {
      root.set("rope_local_base_freq", rope.get("sliding_attention").get("rope_theta"));
      rope = rope.get("full_attention");
    }
    ObjectNode scaling = rope.deepCopy();
    root.set("rope_theta", scaling.remove("rope_theta"));
    if (scaling.get("rope_type").asText().equals("default")) {
      root.putNull("rope_scaling");
    } else {
      scaling.set("type", scaling.remove("rope_type"));
      root.set("rope_scaling", scaling);
    }
    assertEquals(expected, ConfigFile.parse("config.json", root));
  }

  private Transformer load(boolean trainable) {
    return HuggingFaceModel.load(directory, backend, DType.F32, trainable);
  }

  /** One sequence through the cache, others before and after it in every batch. */
  private final class Decoder implements AutoCloseable {
    private static final int ROOM = 128;

    private final Transformer model;
    private final KvCache cache;
    private final Workspace workspace = backend.workspace("decoder");
    private final Map<Integer, int[]> pages = new TreeMap<>();
    private int fed;

    Decoder(Transformer model) {
      this.model = model;
      int pageSize;
      try (KvCache probe = model.kvCache(1)) {
        pageSize = probe.pageSize();
      }
      int each = ROOM / pageSize;
      cache = model.kvCache(3 * each);
      for (int s = 0; s < 3; s++) {
        int first = s;
        // Scattered: sequence s has every third page, from the last one down.
        pages.put(s, IntStream.range(0, each).map(i -> 3 * (each - 1 - i) + first).toArray());
      }
    }

    /** The logits after each of these tokens. */
    float[][] feed(int[] tokens) {
      float[] all = backend.readFloats(logits(tokens));
      int vocabulary = model.config().vocabulary();
      float[][] result = new float[tokens.length][];
      Arrays.setAll(
          result, i -> Arrays.copyOfRange(all, (i + 1) * vocabulary, (i + 2) * vocabulary));
      return result;
    }

    /** The likeliest token after each of these, and its logprob. */
    void best(int[] tokens, int[] likeliest, float[] logprobs) {
      int n = tokens.length;
      Tensor own = logits(tokens).rows(1, n + 1);
      Sampling[] greedy = new Sampling[n];
      Arrays.fill(greedy, Sampling.GREEDY);
      backend.sample(own, greedy, new double[n], likeliest, logprobs);
    }

    /** Logits [2 + tokens, vocabulary], a neighbour's first and last. */
    private Tensor logits(int[] tokens) {
      int n = tokens.length;
      int[] batch = concat(new int[] {fed % 7}, tokens, new int[] {(fed + 3) % 7});
      int[] sequence = new int[n + 2];
      Arrays.fill(sequence, 1, n + 1, 1);
      sequence[n + 1] = 2;
      int[] positions = new int[n + 2];
      int[] slots = new int[n + 2];
      int[] lengths = new int[n + 2];
      for (int i = 0; i < n + 2; i++) {
        positions[i] = sequence[i] == 1 ? fed + i - 1 : fed;
        int page = pages.get(sequence[i])[positions[i] / cache.pageSize()];
        slots[i] = page * cache.pageSize() + positions[i] % cache.pageSize();
        // What the neighbours see was not always stored: whatever it is, it must stay with them.
        lengths[i] = positions[i] + 1;
      }
      workspace.reset();
      Tensor hidden =
          model.forwardCached(
              batch,
              positions,
              slots,
              new CachedRows(pages.values().toArray(int[][]::new), sequence, lengths),
              cache,
              workspace);
      fed += n;
      return model.logits(hidden, workspace);
    }

    @Override
    public void close() {
      cache.close();
      workspace.close();
    }
  }

  private static void requireNear(String what, float[] got, float[] expected) {
    assertEquals(expected.length, got.length, what);
    double difference = 0;
    double size = 0;
    for (int i = 0; i < got.length; i++) {
      difference = Math.max(difference, Math.abs((double) got[i] - expected[i]));
      size = Math.max(size, Math.abs(expected[i]));
    }
    assertTrue(difference <= LIMIT * size, what + ": " + difference / size + " > " + LIMIT);
  }

  private static int best(float[] row) {
    int best = 0;
    for (int i = 1; i < row.length; i++) {
      best = row[i] > row[best] ? i : best;
    }
    return best;
  }

  private static float logSumExp(float[] row) {
    double sum = 0;
    for (float x : row) {
      sum += Math.exp(x);
    }
    return (float) Math.log(sum);
  }

  private static int[] concat(int[]... parts) {
    return List.of(parts).stream().flatMapToInt(Arrays::stream).toArray();
  }
}
