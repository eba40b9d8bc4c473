package io.whetstone.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.whetstone.model.Batches.Packed;
import io.whetstone.model.Batches.Result;
import io.whetstone.model.Batches.Sequence;
import io.whetstone.tensor.Backend;
import io.whetstone.tensor.Backends;
import io.whetstone.tensor.DType;
import io.whetstone.tensor.Tensor;
import io.whetstone.tensor.Workspace;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Adapters beside frozen weights: what they compute, what is trained, and what stays the same. */
class LoraTest {
  private static final double STEP = 1e-3;

  private final ModelConfig config = Batches.config(false, true);
  private final List<Sequence> sequences = Batches.sequences(3, 3, config.vocabulary(), 5);
  private Backend backend;

  @BeforeEach
  void open() {
    backend = Backends.open("cpu", 2);
  }

  @AfterEach
  void close() {
    backend.close();
  }

  private static Set<String> modules(ModelConfig config, String... last) {
    return LinearModule.of(config).stream()
        .map(LinearModule::name)
        .filter(name -> last.length == 0 || List.of(last).stream().anyMatch(name::endsWith))
        .collect(Collectors.toSet());
  }

  /** On the weights of {@link Batches#model}; B drawn too where {@code begun}. */
  private Transformer adapted(Lora lora, DType compute, boolean begun) {
    Transformer model = Transformer.create(backend, config, compute, lora, true);
    try (Transformer base = Batches.model(backend, config)) {
      base.weights()
          .forEach(
              (name, tensor) ->
                  backend.write(model.weights().get(name), backend.readFloats(tensor)));
    }
    model.weightsChanged();
    model.initialiseAdapters(3);
    if (begun) {
      Random random = new Random(17);
      model
          .trained()
          .forEach(
              (name, tensor) -> {
                float[] numbers = backend.readFloats(tensor);
                for (int i = 0; i < numbers.length; i++) {
                  numbers[i] += (float) (0.05 * random.nextGaussian());
                }
                backend.write(tensor, numbers);
              });
      model.trainedChanged();
    }
    return model;
  }

  private Lora all(int rank, double dropout) {
    return new Lora(rank, 2 * rank, dropout, false, modules(config));
  }

  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"F32", "BF16"})
  void atFirstAndSwitchedOffItIsTheModelItself(DType compute) {
    List<Packed> batches = List.of(Batches.pack(sequences, true));
    try (Transformer base = Batches.model(backend, config, compute);
        Transformer fresh = adapted(all(4, 0), compute, false);
        Transformer begun = adapted(all(4, 0), compute, true)) {
      Map<Sequence, float[]> expected = Batches.run(base, batches).logprobs();
      requireSame(expected, Batches.run(fresh, batches).logprobs());
      assertFalse(same(expected, Batches.run(begun, batches).logprobs()));
      begun.useAdapters(false);
      requireSame(expected, evaluated(begun, batches.getFirst()));
    }
  }

  @Test
  void onlyTheAdaptersAreTrained() {
    try (Transformer model = adapted(all(4, 0), DType.BF16, true)) {
      assertEquals(model.trained().keySet(), model.gradients().keySet());
      assertEquals(2 * 7 * config.layers(), model.trained().size());
      long numbers = model.parameters().stream().mapToLong(p -> p.value().size()).sum();
      assertEquals(model.lora().orElseThrow().parameters(config), numbers);
      model.parameters().forEach(p -> assertTrue(p.trained() && p.value().dtype() == DType.F32));
      assertEquals(DType.BF16, model.weights().get("lm_head.weight").dtype());
      assertEquals(
          List.of(4, 72),
          model
              .trained()
              .get("base_model.model.model.layers.1.self_attn.k_proj.lora_A.weight")
              .shape()
              .extents());
      assertEquals(
          List.of(36, 4),
          model
              .trained()
              .get("base_model.model.model.layers.1.self_attn.k_proj.lora_B.weight")
              .shape()
              .extents());
    }
  }

  @Test
  void theScaleIsAlphaOverTheRankOrItsRoot() {
    assertEquals(2, new Lora(16, 32, 0, false, Set.of("m")).scale());
    assertEquals(8, new Lora(16, 32, 0, true, Set.of("m")).scale());
  }

  @Test
  void aModuleThatIsNotThereIsRefused() {
    Lora lora = new Lora(4, 8, 0, false, Set.of("model.layers.0.self_attn.w_proj"));
    IllegalArgumentException e =
        assertThrows(
            IllegalArgumentException.class,
            () -> Transformer.create(backend, config, DType.F32, lora, true));
    assertTrue(e.getMessage().contains("w_proj"), e.getMessage());
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "q_proj v_proj", "k_proj up_proj down_proj", "o_proj gate_proj"})
  void gradientIsTheSlope(String last) {
    Set<String> some = modules(config, last.isEmpty() ? new String[0] : last.split(" "));
    Packed batch = Batches.pack(sequences, true);
    try (Transformer model =
        adapted(new Lora(3, 5, last.isEmpty() ? 0.3 : 0, true, some), DType.F32, true)) {
      model.keyDropout(9);
      model.useAdapters(true);
      Map<String, float[]> gradients = Batches.run(model, List.of(batch)).gradients();
      Map<String, float[]> values = values(model);
      for (int direction = 0; direction < 4; direction++) {
        Map<String, float[]> along = direction(values, new Random(direction));
        double expected = 0;
        double size = 0;
        for (String name : values.keySet()) {
          for (int i = 0; i < values.get(name).length; i++) {
            expected += (double) gradients.get(name)[i] * along.get(name)[i];
            size += Math.pow(gradients.get(name)[i], 2);
          }
        }
        double near =
            loss(model, batch, values, along, STEP) - loss(model, batch, values, along, -STEP);
        double far =
            loss(model, batch, values, along, 2 * STEP)
                - loss(model, batch, values, along, -2 * STEP);
        assertEquals(expected, (8 * near - far) / (12 * STEP), 2e-4 * Math.sqrt(size));
      }
    }
  }

  private static Map<String, float[]> direction(Map<String, float[]> values, Random random) {
    Map<String, float[]> direction = new LinkedHashMap<>();
    values.forEach(
        (name, v) -> {
          float[] numbers = new float[v.length];
          for (int i = 0; i < v.length; i++) {
            numbers[i] = (float) random.nextGaussian();
          }
          direction.put(name, numbers);
        });
    return direction;
  }

  /** As the step began: the same dropout. */
  private double loss(
      Transformer model,
      Packed batch,
      Map<String, float[]> values,
      Map<String, float[]> along,
      double step) {
    for (Map.Entry<String, Tensor> tensor : model.trained().entrySet()) {
      float[] moved = values.get(tensor.getKey()).clone();
      for (int i = 0; i < moved.length; i++) {
        moved[i] += (float) (step * along.get(tensor.getKey())[i]);
      }
      backend.write(tensor.getValue(), moved);
    }
    model.trainedChanged();
    model.keyDropout(9);
    try (Workspace workspace = backend.workspace("test")) {
      Scored result =
          model.score(
              batch.tokens(), batch.rows(), batch.targets(), Batches.TEMPERATURE, workspace);
      double loss = 0;
      for (int i = 0; i < result.logprobs().length; i++) {
        loss += (double) batch.dLogprobs()[i] * result.logprobs()[i];
        loss += (double) batch.dEntropy()[i] * result.entropy()[i];
      }
      return loss;
    }
  }

  /** However the batch is cut, logprobs to the bit and gradients but for the order of sums. */
  @ParameterizedTest
  @ValueSource(doubles = {0, 0.25})
  void packingDoesNotMatter(double dropout) {
    try (Transformer model = adapted(all(5, dropout), DType.F32, true)) {
      model.keyDropout(4);
      Result together = Batches.run(model, List.of(Batches.pack(sequences, true)));
      Result apart =
          Batches.run(
              model,
              sequences.reversed().stream().map(s -> Batches.pack(List.of(s), false)).toList());
      requireSame(together.logprobs(), apart.logprobs());
      Distance.assertNear(apart.gradients(), together.gradients(), 2e-6);
      assertEquals(
          dropout == 0, same(together.logprobs(), evaluated(model, Batches.pack(sequences, true))));
      model.recomputeActivations(true);
      Result again = Batches.run(model, List.of(Batches.pack(sequences, true)));
      again.gradients().forEach((n, g) -> assertArrayEquals(together.gradients().get(n), g, n));
    }
  }

  @Test
  void dropoutChangesWithTheStepAndTheUpdate() {
    List<Packed> batch = List.of(Batches.pack(sequences, true));
    try (Transformer model = adapted(all(5, 0.25), DType.F32, true)) {
      model.keyDropout(4);
      Map<Sequence, float[]> first = Batches.run(model, batch).logprobs();
      requireSame(first, Batches.run(model, batch).logprobs());
      model.trainedChanged();
      assertFalse(same(first, Batches.run(model, batch).logprobs()));
      model.keyDropout(5);
      assertFalse(same(first, Batches.run(model, batch).logprobs()));
      model.keyDropout(4);
      requireSame(first, Batches.run(model, batch).logprobs());
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"F32", "BF16"})
  void threadsDoNotMatter(DType compute) {
    List<Packed> batch = List.of(Batches.pack(sequences, true));
    Result two;
    try (Transformer model = adapted(all(5, 0), compute, true)) {
      two = Batches.run(model, batch);
    }
    backend.close();
    backend = Backends.open("cpu", 1);
    try (Transformer model = adapted(all(5, 0), compute, true)) {
      Result one = Batches.run(model, batch);
      requireSame(two.logprobs(), one.logprobs());
      one.gradients().forEach((n, g) -> assertArrayEquals(two.gradients().get(n), g, n));
    }
  }

  /** In F32 merged is unmerged but for rounding: within 1e-5 nats at logprobs of this size. */
  @Test
  void mergedItSaysTheSame() {
    Packed batch = Batches.pack(sequences, true);
    try (Transformer model = adapted(all(4, 0), DType.F32, true)) {
      Map<Sequence, float[]> apart = evaluated(model, batch);
      model.mergeAdapters();
      Map<Sequence, float[]> merged = evaluated(model, batch);
      apart.forEach((s, logprobs) -> assertArrayEquals(logprobs, merged.get(s), 1e-5f));
    }
    try (Transformer model = adapted(all(4, 0), DType.BF16, true)) {
      assertThrows(IllegalStateException.class, model::mergeAdapters);
    }
  }

  @Test
  void bfloat16IsNearF32() {
    List<Packed> batch = List.of(Batches.pack(sequences, true));
    try (Transformer exact = adapted(all(4, 0), DType.F32, true);
        Transformer rounded = adapted(all(4, 0), DType.BF16, true)) {
      Result expected = Batches.run(exact, batch);
      Result got = Batches.run(rounded, batch);
      expected
          .logprobs()
          .forEach((s, logprobs) -> assertArrayEquals(logprobs, got.logprobs().get(s), 0.05f));
      Distance.assertNear(got.gradients(), expected.gradients(), 0.03);
    }
  }

  @ParameterizedTest
  @ValueSource(doubles = {0, 0.2})
  void activationBytesCoverAStep(double dropout) {
    Packed batch = Batches.pack(sequences, true);
    for (DType compute : List.of(DType.F32, DType.BF16)) {
      try (Transformer model = adapted(all(8, dropout), compute, true);
          Workspace workspace = backend.workspace("test")) {
        Scored scored = model.score(batch.tokens(), batch.rows(), batch.targets(), 1, workspace);
        model.backward(scored, batch.dLogprobs(), batch.dEntropy(), workspace);
        long told = model.activationBytes(batch.tokens().rows(), batch.rows().length);
        assertTrue(
            told >= workspace.bytesPeak() - 64 * 96 && told < 1.4 * workspace.bytesPeak(),
            compute + ": " + told + " bytes told, " + workspace.bytesPeak() + " taken");
      }
    }
  }

  private Map<String, float[]> values(Transformer model) {
    Map<String, float[]> values = new LinkedHashMap<>();
    model.trained().forEach((name, tensor) -> values.put(name, backend.readFloats(tensor)));
    return values;
  }

  private Map<Sequence, float[]> evaluated(Transformer model, Packed batch) {
    try (Workspace workspace = backend.workspace("test")) {
      float[] logprobs =
          model
              .evaluate(
                  batch.tokens(), batch.rows(), batch.targets(), Batches.TEMPERATURE, workspace)
              .logprobs();
      Map<Sequence, float[]> all = new LinkedHashMap<>();
      for (int i = 0; i < logprobs.length; i++) {
        Sequence owner = batch.owners().get(i);
        all.computeIfAbsent(owner, o -> new float[o.completion().length])[batch.indices()[i]] =
            logprobs[i];
      }
      return all;
    }
  }

  private static void requireSame(Map<Sequence, float[]> a, Map<Sequence, float[]> b) {
    assertEquals(a.size(), b.size());
    a.forEach((sequence, logprobs) -> assertArrayEquals(logprobs, b.get(sequence)));
  }

  private static boolean same(Map<Sequence, float[]> a, Map<Sequence, float[]> b) {
    return a.entrySet().stream()
        .allMatch(entry -> java.util.Arrays.equals(entry.getValue(), b.get(entry.getKey())));
  }
}
