package io.whetstone.trainer.loop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.whetstone.datasets.settings.Settings;
import io.whetstone.model.ModelConfig;
import io.whetstone.model.Parameter;
import io.whetstone.model.Transformer;
import io.whetstone.tensor.Backend;
import io.whetstone.tensor.Backends;
import io.whetstone.tensor.DType;
import io.whetstone.tensor.Gate;
import io.whetstone.tensor.Heads;
import io.whetstone.trainer.config.Dpo;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The gradient of a preference, and weights that move between models. */
class PreferenceUpdateTest {
  private Backend backend;
  private Transformer policy;

  private static ModelConfig shape() {
    return new ModelConfig(
        12, 16, 2, new Heads(2, 1, 8), 24, Gate.SILU, 10_000, 1e-6f, true, false, 32);
  }

  @BeforeEach
  void open() {
    backend = Backends.open("cpu", 1);
    policy = Transformer.create(backend, shape(), DType.F32, true);
    policy.initialise(3, 0.3);
  }

  @AfterEach
  void close() {
    policy.close();
    backend.close();
  }

  private static List<Lesson> pairs() {
    return List.of(
        pair("a", new int[] {1, 2, 3}, new int[] {4, 5}, new int[] {6}),
        pair("b", new int[] {7, 2}, new int[] {3, 3, 3, 9, 1}, new int[] {8, 4, 2}));
  }

  /** The same, with ids in both of the second pair that were put in. */
  private static List<Lesson> partlyForced() {
    Lesson second = pairs().getLast();
    return List.of(
        pairs().getFirst(),
        new Lesson(
            second.task(),
            second.prompt(),
            second.completions(),
            List.of(
                new boolean[] {false, true, true, false, false},
                new boolean[] {true, false, false}),
            new double[0]));
  }

  private static Lesson pair(String task, int[] prompt, int[] better, int[] worse) {
    return Lesson.whole(task, prompt, List.of(better, worse));
  }

  private PreferenceUpdate update(String loss, int budget) {
    Map<String, Object> settings = new LinkedHashMap<>();
    settings.put("pairs", Map.of("path", "x.jsonl"));
    settings.putAll(Map.of("steps", 1, "batch", 2, "learning-rate", 1e-3, "loss", loss));
    settings.putAll(Map.of("nll-weight", 0.5, "beta", 0.7, "micro-batch-tokens", budget));
    return new PreferenceUpdate(Settings.read(settings, Dpo.class, ""), policy);
  }

  private double loss(String form, List<Lesson> pairs) {
    Map<String, Double> metrics = new LinkedHashMap<>();
    try (PreferenceUpdate update = update(form, 1000)) {
      update.accumulate(pairs, metrics);
    }
    policy.zeroGradients();
    return metrics.get("dpo/loss");
  }

  @Test
  void gradientsAreThoseOfFiniteDifferences() {
    gradientsAreThoseOfFiniteDifferences(pairs());
  }

  @Test
  void gradientsAreThoseOfFiniteDifferencesWhereIdsWerePutIn() {
    gradientsAreThoseOfFiniteDifferences(partlyForced());
  }

  @Test
  void whatWasPutInHasNoLikelihood() {
    try (PreferenceUpdate update = update("sigmoid", 1000)) {
      double[] whole = update.withReferences(pairs()).getLast().references();
      double[] partly = update.withReferences(partlyForced()).getLast().references();
      Lesson second = pairs().getLast();
      Lesson only =
          new Lesson(
              "c",
              second.prompt(),
              second.completions(),
              List.of(
                  new boolean[] {true, false, false, true, true},
                  new boolean[] {false, true, true}),
              new double[0]);
      double[] rest = update.withReferences(List.of(only)).getFirst().references();
      assertEquals(whole[0], partly[0] + rest[0], 1e-5);
      assertEquals(whole[1], partly[1] + rest[1], 1e-5);
    }
  }

  private void gradientsAreThoseOfFiniteDifferences(List<Lesson> given) {
    for (String form : List.of("sigmoid", "ipo", "hinge")) {
      List<Lesson> pairs;
      try (PreferenceUpdate update = update(form, 1000)) {
        pairs = update.withReferences(given);
      }
      Parameter head = policy.parameters().getFirst();
      float[] weights = backend.readFloats(head.value());
      // Off the reference, where the log-ratios are not 0.
      for (int i = 0; i < weights.length; i++) {
        weights[i] += 0.05f * ((i * 7) % 5 - 2);
      }
      write(head, weights);
      float[] gradient;
      try (PreferenceUpdate update = update(form, 5)) {
        update.accumulate(pairs, new LinkedHashMap<>());
        gradient = backend.readFloats(head.gradient());
      }
      policy.zeroGradients();
      double size = 0;
      for (float g : gradient) {
        size += (double) g * g;
      }
      // Along the gradient itself: the slope there is its length.
      double length = Math.sqrt(size);
      double step = 1e-2 / length;
      write(head, moved(weights, gradient, step));
      double ahead = loss(form, pairs);
      write(head, moved(weights, gradient, -step));
      double behind = loss(form, pairs);
      assertTrue(length > 1e-2, form);
      assertEquals(length, (ahead - behind) / (2 * step * length), 1e-2 * length, form);
      policy.initialise(3, 0.3);
    }
  }

  private static float[] moved(float[] weights, float[] direction, double by) {
    float[] there = weights.clone();
    for (int i = 0; i < there.length; i++) {
      there[i] += (float) (by * direction[i]);
    }
    return there;
  }

  private void write(Parameter parameter, float[] values) {
    backend.write(parameter.value(), values);
    policy.weightsChanged();
  }

  @Test
  void atTheReferenceTheLossIsLnTwo() {
    try (PreferenceUpdate update = update("sigmoid", 1000)) {
      Map<String, Double> metrics = new LinkedHashMap<>();
      update.accumulate(update.withReferences(pairs()), metrics);
      double nll = -0.5 * metrics.get("dpo/chosen-logprob");
      assertEquals(Math.log(2) + nll, metrics.get("dpo/loss"), 1e-12);
      assertEquals(0, metrics.get("dpo/margin"));
    }
  }

  @Test
  void weightsMixAndChangePlacesToTheBit() {
    try (Transformer other = Transformer.create(backend, shape(), DType.F32, false);
        WeightMixer mixer = new WeightMixer(policy)) {
      other.initialise(4, 0.3);
      float[] mine = backend.readFloats(policy.parameters().get(1).value());
      float[] others = backend.readFloats(other.parameters().get(1).value());
      mixer.exchange(policy.trained(), other.trained());
      assertEquals(0, java.util.Arrays.compare(mine, values(other)));
      assertEquals(0, java.util.Arrays.compare(others, values(policy)));
      mixer.exchange(policy.trained(), other.trained());
      assertEquals(0, java.util.Arrays.compare(mine, values(policy)));
      mixer.mix(policy.trained(), other.trained(), 0.25);
      for (int i = 0; i < mine.length; i++) {
        assertEquals(0.25f * mine[i] + 0.75f * others[i], values(other)[i], 1e-7f);
      }
    }
  }

  private float[] values(Transformer model) {
    return backend.readFloats(model.parameters().get(1).value());
  }
}
