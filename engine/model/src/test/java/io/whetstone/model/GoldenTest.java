package io.whetstone.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.whetstone.tensor.AdamWStep;
import io.whetstone.tensor.Backend;
import io.whetstone.tensor.Backends;
import io.whetstone.tensor.DType;
import io.whetstone.tensor.Tensor;
import io.whetstone.tensor.Workspace;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Against transformers' Llama and Qwen2 with PyTorch's gradients and AdamW, all in f32. Relative
 * means max |a − b| / max |b| over a tensor.
 */
class GoldenTest {
  private static final double LIMIT = 1e-5;

  private static Backend backend;

  @BeforeAll
  static void open() {
    backend = Backends.open("cpu", 2);
  }

  @AfterAll
  static void close() {
    backend.close();
  }

  @ParameterizedTest
  @ValueSource(strings = {"llama-tied", "qwen2-untied"})
  void hasTheWeightsOfTheModelItImitates(String name) throws IOException {
    Golden golden = Golden.read(name);
    try (Transformer model = Transformer.create(backend, golden.config(), DType.F32, false)) {
      assertEquals(golden.weights().keySet(), model.weights().keySet());
      model
          .weights()
          .forEach(
              (weight, tensor) ->
                  assertArrayEquals(
                      golden.weights().get(weight).shape(),
                      tensor.shape().extents().stream().mapToInt(e -> e).toArray(),
                      weight));
      long count = model.weights().values().stream().mapToLong(Tensor::size).sum();
      assertEquals(count, golden.config().parameters());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"llama-tied", "qwen2-untied"})
  void logprobsEntropyAndEveryGradient(String name) throws IOException {
    Golden golden = Golden.read(name);
    try (Transformer model = Transformer.create(backend, golden.config(), DType.F32, true);
        Workspace workspace = backend.workspace("test")) {
      golden.load(model);
      Scored scored = score(model, golden, workspace);
      assertNear("logprobs", scored.logprobs(), golden.logprobs());
      assertNear("entropy", scored.entropy(), golden.entropy());
      model.backward(scored, golden.dLogprobs(), golden.dEntropy(), workspace);
      model
          .gradients()
          .forEach(
              (weight, gradient) ->
                  assertNear(
                      weight,
                      backend.readFloats(gradient),
                      golden.gradients().get(weight).floats()));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"llama-tied", "qwen2-untied"})
  void tenStepsOfAdamW(String name) throws IOException {
    Golden golden = Golden.read(name);
    int n = golden.rows().length;
    float[] dLogprobs = new float[n];
    float[] dEntropy = new float[n];
    Arrays.fill(dLogprobs, -1f / n);
    Arrays.fill(dEntropy, -0.01f / n);
    try (Transformer model = Transformer.create(backend, golden.config(), DType.F32, true);
        Workspace workspace = backend.workspace("test");
        Workspace optimizer = backend.workspace("moments")) {
      golden.load(model);
      List<Tensor> firsts = moments(model, optimizer);
      List<Tensor> seconds = moments(model, optimizer);
      for (int step = 0; step < golden.losses().length; step++) {
        workspace.reset();
        Scored scored = score(model, golden, workspace);
        double loss = -mean(scored.logprobs()) - 0.01 * mean(scored.entropy());
        assertEquals(golden.losses()[step], loss, LIMIT * golden.losses()[step], "step " + step);
        model.zeroGradients();
        model.backward(scored, dLogprobs, dEntropy, workspace);
        double norm = gradientNorm(model);
        double expectedNorm = golden.gradientNorms()[step];
        assertEquals(expectedNorm, norm, LIMIT * expectedNorm, "step " + step);
        double clip = Math.min(1, golden.clip() / (norm + 1e-6));
        for (int i = 0; i < firsts.size(); i++) {
          Parameter p = model.parameters().get(i);
          AdamWStep adamW = step(golden.adamw(), step + 1, p.decayed(), clip);
          backend.adamW(p.value(), p.gradient(), firsts.get(i), seconds.get(i), adamW);
        }
        model.weightsChanged();
      }
    }
  }

  private static Scored score(Transformer model, Golden golden, Workspace workspace) {
    return model.score(
        golden.tokens(), golden.rows(), golden.targets(), golden.temperature(), workspace);
  }

  private static AdamWStep step(Golden.AdamW a, int step, boolean decayed, double clip) {
    double decay = decayed ? a.weight_decay() : 0;
    return new AdamWStep(a.lr(), a.betas()[0], a.betas()[1], a.eps(), decay, step, clip);
  }

  private static List<Tensor> moments(Transformer model, Workspace memory) {
    List<Tensor> moments = new ArrayList<>();
    for (Parameter p : model.parameters()) {
      int[] extents = p.value().shape().extents().stream().mapToInt(e -> e).toArray();
      moments.add(memory.zeros(DType.F32, extents));
    }
    return moments;
  }

  private static double gradientNorm(Transformer model) {
    return Math.sqrt(
        model.parameters().stream().mapToDouble(p -> backend.sumOfSquares(p.gradient())).sum());
  }

  private static double mean(float[] x) {
    double sum = 0;
    for (float v : x) {
      sum += v;
    }
    return sum / x.length;
  }

  private static void assertNear(String what, float[] got, float[] expected) {
    double distance = Distance.ofMaxima(got, expected);
    assertTrue(distance <= LIMIT, () -> what + ": " + distance + " > " + LIMIT);
  }
}
