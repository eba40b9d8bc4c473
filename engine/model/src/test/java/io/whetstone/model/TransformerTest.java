package io.whetstone.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.whetstone.tensor.Backend;
import io.whetstone.tensor.Backends;
import io.whetstone.tensor.DType;
import io.whetstone.tensor.Gate;
import io.whetstone.tensor.Heads;
import io.whetstone.tensor.Segments;
import io.whetstone.tensor.Workspace;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

class TransformerTest {
  private static final ModelConfig CONFIG = Batches.config(false, true);

  private Backend backend;
  private Transformer model;

  @BeforeEach
  void open() {
    backend = Backends.open("cpu", 1);
    model = Transformer.create(backend, CONFIG, DType.F32, false);
  }

  @AfterEach
  void close() {
    model.close();
    backend.close();
  }

  @Test
  void initialiseDrawsByName() {
    model.initialise(1, 0.02);
    float[] table = weight(model, "model.embed_tokens.weight");
    assertEquals(0.02, deviation(table), 0.002);
    float residual = (float) (0.02 / Math.sqrt(2 * CONFIG.layers()));
    assertEquals(residual, deviation(weight(model, "model.layers.1.mlp.down_proj.weight")), 1e-3);
    assertEquals(
        residual, deviation(weight(model, "model.layers.0.self_attn.o_proj.weight")), 1e-3);
    assertEquals(0.02, deviation(weight(model, "model.layers.0.self_attn.q_proj.weight")), 2e-3);
    for (float one : weight(model, "model.layers.0.input_layernorm.weight")) {
      assertEquals(1, one);
    }
    for (float zero : weight(model, "model.layers.0.self_attn.q_proj.bias")) {
      assertEquals(0, zero);
    }
    float[] again = table.clone();
    model.initialise(2, 0.02);
    assertFalse(Arrays.equals(again, weight(model, "model.embed_tokens.weight")));
    model.initialise(1, 0.02);
    assertArrayEquals(again, weight(model, "model.embed_tokens.weight"));
    assertFalse(Arrays.equals(again, weight(model, "lm_head.weight")));
  }

  @Test
  void viewsAndFusedTensorsAreOneMemory() {
    model.initialise(3, 0.02);
    Parameter fused =
        model.parameters().stream()
            .filter(p -> p.name().equals("model.layers.0.self_attn.qkv_proj.bias"))
            .findFirst()
            .orElseThrow();
    assertFalse(fused.decayed());
    float[] keyBias = new float[36];
    Arrays.fill(keyBias, 5);
    backend.write(model.weights().get("model.layers.0.self_attn.k_proj.bias"), keyBias);
    float[] all = backend.readFloats(fused.value());
    assertEquals(4 * 18 + 2 * 36, all.length);
    assertEquals(0, all[71]);
    assertEquals(5, all[72]);
    assertEquals(5, all[107]);
    assertEquals(0, all[108]);
  }

  @Test
  void copiesAnotherModelsWeights() {
    model.initialise(4, 0.02);
    try (Transformer copy = Transformer.create(backend, CONFIG, DType.F32, true)) {
      copy.copyWeightsFrom(model);
      model
          .weights()
          .forEach((name, w) -> assertArrayEquals(backend.readFloats(w), weight(copy, name), name));
    }
    try (Transformer other =
        Transformer.create(backend, Batches.config(true, true), DType.F32, false)) {
      assertMessage("weights of another model", () -> other.copyWeightsFrom(model));
    }
  }

  @Test
  void noRowsAreNoWork() {
    PackedTokens nothing = PackedTokens.of(new int[0], Segments.ofLengths());
    try (Workspace workspace = backend.workspace("test")) {
      assertEquals(0, model.score(nothing, new int[0], new int[0], 1, workspace).logprobs().length);
    }
  }

  @Test
  void saysWhatIsWrong() {
    PackedTokens tokens = PackedTokens.of(new int[] {1, 2, 3}, Segments.ofLengths(3));
    PackedTokens unknown = PackedTokens.of(new int[] {1, 23}, Segments.ofLengths(2));
    PackedTokens far = new PackedTokens(new int[] {1}, new int[] {256}, Segments.ofLengths(1));
    int[] one = {0};
    try (Workspace w = backend.workspace("test")) {
      assertMessage("id 1: 23 is not in [0, 23)", () -> model.score(unknown, one, one, 1, w));
      assertMessage("position 0: 256 is not in [0, 256)", () -> model.score(far, one, one, 1, w));
      assertMessage(
          "row to predict from 0: 3 is not in [0, 3)",
          () -> model.score(tokens, new int[] {3}, one, 1, w));
      assertMessage(
          "target 0: -1 is not in", () -> model.evaluate(tokens, one, new int[] {-1}, 1, w));
      assertMessage(
          "targets: got 2 entries, expected 1",
          () -> model.score(tokens, one, new int[] {1, 2}, 1, w));
      assertMessage("temperature: 0.0 is not", () -> model.score(tokens, one, one, 0, w));
      assertMessage("temperature: NaN is not", () -> model.score(tokens, one, one, Float.NaN, w));
      Scored scored = model.score(tokens, one, one, 1, w);
      assertMessage("no gradients", () -> model.backward(scored, new float[1], new float[1], w));
    }
    assertMessage("no gradients", model::gradients);
    assertMessage("no gradients", model::zeroGradients);
    assertMessage("embed_tokens.weight has no gradient", model.parameters().getFirst()::gradient);
    assertMessage(
        "2 ids and 1 positions, expected one of each for the 2 rows",
        () -> new PackedTokens(new int[2], new int[1], Segments.ofLengths(2)));
    assertMessage(
        "model: layers: 0 is not in [1, 2000]",
        () ->
            new ModelConfig(
                5, 8, 0, new Heads(1, 1, 8), 8, Gate.SILU, 10000, 1e-5f, true, false, 8));
  }

  private float[] weight(Transformer of, String name) {
    return backend.readFloats(of.weights().get(name));
  }

  private static double deviation(float[] x) {
    double squares = 0;
    for (float v : x) {
      squares += (double) v * v;
    }
    return Math.sqrt(squares / x.length);
  }

  private static void assertMessage(String part, Executable action) {
    String message = assertThrows(RuntimeException.class, action).getMessage();
    assertTrue(message.contains(part), message);
  }
}
