package io.whetstone.trainer.loop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.whetstone.model.ModelConfig;
import io.whetstone.model.Parameter;
import io.whetstone.model.Transformer;
import io.whetstone.tensor.Backend;
import io.whetstone.tensor.Backends;
import io.whetstone.tensor.DType;
import io.whetstone.tensor.Gate;
import io.whetstone.tensor.Heads;
import io.whetstone.tensor.Philox;
import io.whetstone.tensor.Workspace;
import io.whetstone.trainer.algorithm.ClippedSurrogate;
import io.whetstone.trainer.algorithm.KlEstimator;
import io.whetstone.trainer.algorithm.LossReduction;
import io.whetstone.trainer.algorithm.PolicyMeasures;
import io.whetstone.trainer.algorithm.PolicyObjective;
import io.whetstone.trainer.rollout.Packer;
import io.whetstone.trainer.rollout.TrainingSample;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** How a step is cut, ordered and packed does not change its gradient. */
class PolicyUpdateTest {
  private static final int VOCABULARY = 22;
  private static Backend backend;
  private static Transformer policy;

  @BeforeAll
  static void open() {
    backend = Backends.open("cpu", 2);
    policy =
        Transformer.create(
            backend,
            new ModelConfig(
                VOCABULARY,
                32,
                2,
                new Heads(4, 2, 8),
                48,
                Gate.SILU,
                10000,
                1e-5f,
                true,
                false,
                64),
            DType.F32,
            true);
    policy.initialise(3, 0.2);
  }

  @AfterAll
  static void close() {
    policy.close();
    backend.close();
  }

  /** Eight samples in groups of two with unequal lengths and old logprobs that make ratios ≠ 1. */
  private static List<TrainingSample> samples() {
    List<TrainingSample> samples = new ArrayList<>();
    for (int g = 0; g < 4; g++) {
      int[] prompt = ids(g, 3 + g);
      for (int s = 0; s < 2; s++) {
        int n = 2 + (g * 7 + s * 11) % 19;
        float[] old = new float[n];
        float[] advantages = new float[n];
        boolean[] trained = new boolean[n];
        for (int i = 0; i < n; i++) {
          old[i] = (float) (-3 + Philox.uniform(50 + g * 2 + s, i));
          advantages[i] = s == 0 ? 1.3f : -0.7f;
          trained[i] = (i + s) % 5 != 4;
        }
        samples.add(
            new TrainingSample(prompt, ids(10 + g * 2 + s, n), old, trained, advantages, g));
      }
    }
    return samples;
  }

  private static int[] ids(long key, int n) {
    int[] ids = new int[n];
    Arrays.setAll(ids, i -> Philox.below(key, i, VOCABULARY));
    return ids;
  }

  private record Gradient(float[][] values, PolicyMeasures measures) {}

  private static Gradient gradient(
      List<TrainingSample> samples, int rowBudget, LossReduction reduction) {
    policy.zeroGradients();
    PolicyObjective objective =
        new PolicyObjective(new ClippedSurrogate(0.2, 0.28), KlEstimator.K3, 0.05, 0.01);
    float[][] references = new float[samples.size()][];
    for (int s = 0; s < references.length; s++) {
      references[s] = samples.get(s).logprobs().clone();
    }
    try (Workspace workspace = backend.workspace("test")) {
      PolicyMeasures measures =
          new PolicyUpdate(policy, new Packer(rowBudget), objective, reduction, 1, workspace)
              .accumulate(samples, references);
      float[][] values =
          policy.parameters().stream()
              .map(Parameter::gradient)
              .map(backend::readFloats)
              .toArray(float[][]::new);
      return new Gradient(values, measures);
    }
  }

  private static void assertClose(Gradient expected, Gradient actual) {
    for (int p = 0; p < expected.values.length; p++) {
      double difference = 0;
      double size = 0;
      for (int i = 0; i < expected.values[p].length; i++) {
        double d = expected.values[p][i] - actual.values[p][i];
        difference += d * d;
        size += (double) expected.values[p][i] * expected.values[p][i];
      }
      assertTrue(size > 0, policy.parameters().get(p).name() + " has no gradient");
      double relative = Math.sqrt(difference / size);
      assertTrue(relative <= 1e-6, policy.parameters().get(p).name() + " differs by " + relative);
    }
    assertEquals(expected.measures.loss(), actual.measures.loss(), 1e-6);
    assertEquals(expected.measures.tokens(), actual.measures.tokens());
  }

  private static List<LossReduction> reductions() {
    return List.of(
        new LossReduction.SequenceMean(),
        new LossReduction.TokenMean(),
        new LossReduction.ConstantLength(24));
  }

  @Test
  void microBatchesOfOneAddUpToOneOfEight() {
    for (LossReduction reduction : reductions()) {
      Gradient whole = gradient(samples(), 10_000, reduction);
      for (int budget : new int[] {1, 20, 37}) {
        assertClose(whole, gradient(samples(), budget, reduction));
      }
    }
  }

  @Test
  void orderDoesNotMatter() {
    List<TrainingSample> shuffled = samples();
    Collections.shuffle(shuffled, new Random(1));
    for (LossReduction reduction : reductions()) {
      assertClose(gradient(samples(), 40, reduction), gradient(shuffled, 40, reduction));
    }
  }

  @Test
  void aSharedPromptHasTheGradientOfItsCopies() {
    List<TrainingSample> apart =
        samples().stream()
            .map(
                s ->
                    new TrainingSample(
                        s.prompt().clone(),
                        s.ids(),
                        s.logprobs(),
                        s.trained(),
                        s.advantages(),
                        s.group()))
            .toList();
    for (LossReduction reduction : reductions()) {
      assertClose(gradient(apart, 10_000, reduction), gradient(samples(), 10_000, reduction));
    }
  }
}
