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
import io.whetstone.trainer.algorithm.Cispo;
import io.whetstone.trainer.algorithm.ClippedSurrogate;
import io.whetstone.trainer.algorithm.GeometricMean;
import io.whetstone.trainer.algorithm.ImportanceCorrection;
import io.whetstone.trainer.algorithm.KlEstimator;
import io.whetstone.trainer.algorithm.KlTerm;
import io.whetstone.trainer.algorithm.LogLikelihood;
import io.whetstone.trainer.algorithm.LossReduction;
import io.whetstone.trainer.algorithm.PolicyLoss;
import io.whetstone.trainer.algorithm.PolicyMeasures;
import io.whetstone.trainer.algorithm.PolicyObjective;
import io.whetstone.trainer.algorithm.Ratio;
import io.whetstone.trainer.algorithm.RatioLoss;
import io.whetstone.trainer.algorithm.Sapo;
import io.whetstone.trainer.algorithm.TokenRule;
import io.whetstone.trainer.algorithm.Unclipped;
import io.whetstone.trainer.algorithm.Vespo;
import io.whetstone.trainer.rollout.Packer;
import io.whetstone.trainer.rollout.TrainingSample;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

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

  /** An algorithm's parts. */
  private record Parts(
      PolicyLoss loss, LossReduction reduction, Optional<TokenRule> rule, boolean corrected) {}

  private static Parts parts(LossReduction reduction) {
    return new Parts(clipped(Ratio.TOKEN), reduction, Optional.empty(), false);
  }

  private static PolicyLoss clipped(Ratio ratio) {
    return new RatioLoss(ratio, new ClippedSurrogate(0.2, 0.28));
  }

  /** Every loss, reduction, rule and correction at least once. */
  static Stream<Parts> parts() {
    LossReduction tokens = new LossReduction.TokenMean();
    LossReduction sequences = new LossReduction.SequenceMean();
    return Stream.of(
        parts(sequences),
        parts(tokens),
        parts(new LossReduction.GroupTokenMean()),
        parts(new LossReduction.ConstantLength(24)),
        new Parts(clipped(Ratio.SEQUENCE), sequences, Optional.empty(), false),
        new Parts(clipped(Ratio.SEQUENCE_TOKEN), sequences, Optional.empty(), true),
        new Parts(clipped(Ratio.SEQUENCE_PRODUCT), sequences, Optional.empty(), false),
        new Parts(new GeometricMean(0.4, 0.4), sequences, Optional.empty(), true),
        new Parts(new Vespo(2, 3, 3, 2), tokens, Optional.empty(), false),
        new Parts(new RatioLoss(Ratio.TOKEN, new Cispo(0, 2)), tokens, Optional.empty(), true),
        new Parts(new RatioLoss(Ratio.TOKEN, new Sapo(1, 1.05)), tokens, Optional.empty(), false),
        new Parts(new RatioLoss(Ratio.TOKEN, new LogLikelihood()), tokens, Optional.empty(), false),
        new Parts(clipped(Ratio.TOKEN), tokens, Optional.of(new TokenRule.TopEntropy(0.3)), false),
        new Parts(
            clipped(Ratio.TOKEN), tokens, Optional.of(new TokenRule.ClipCov(0.1, -5, 5)), false),
        new Parts(
            new RatioLoss(Ratio.TOKEN, new Unclipped()),
            tokens,
            Optional.of(new TokenRule.KlCov(0.1, 1)),
            true));
  }

  private static Gradient gradient(List<TrainingSample> samples, int rowBudget, Parts parts) {
    policy.zeroGradients();
    PolicyObjective objective =
        new PolicyObjective(
            parts.loss, new KlTerm(KlEstimator.K3), 0.05, 0.01, OptionalDouble.of(0.5));
    float[][] references = new float[samples.size()][];
    float[][] starts = new float[samples.size()][];
    double[][] corrections = new double[samples.size()][];
    ImportanceCorrection correction =
        new ImportanceCorrection(
            ImportanceCorrection.Unit.SEQUENCE, ImportanceCorrection.Form.TRUNCATE, 0.5, 2);
    for (int s = 0; s < references.length; s++) {
      TrainingSample sample = samples.get(s);
      references[s] = sample.logprobs().clone();
      starts[s] = sample.logprobs().clone();
      for (int t = 0; t < starts[s].length; t++) {
        starts[s][t] += t % 3 * 0.125f;
      }
      corrections[s] = correction.weights(starts[s], sample.logprobs(), sample.trained());
    }
    UpdateBatch batch =
        parts.corrected
            ? new UpdateBatch(samples, references, starts, corrections)
            : new UpdateBatch(samples, references);
    try (Workspace workspace = backend.workspace("test")) {
      PolicyMeasures measures =
          new PolicyUpdate(policy, new Packer(rowBudget), parts.reduction, parts.rule, 1, workspace)
              .accumulate(batch, objective);
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

  @ParameterizedTest
  @MethodSource("parts")
  void microBatchesOfOneAddUpToOneOfEight(Parts parts) {
    Gradient whole = gradient(samples(), 10_000, parts);
    for (int budget : new int[] {1, 20, 37}) {
      assertClose(whole, gradient(samples(), budget, parts));
    }
  }

  @ParameterizedTest
  @MethodSource("parts")
  void orderDoesNotMatter(Parts parts) {
    List<TrainingSample> shuffled = samples();
    Collections.shuffle(shuffled, new Random(1));
    assertClose(gradient(samples(), 40, parts), gradient(shuffled, 40, parts));
  }

  @ParameterizedTest
  @MethodSource("parts")
  void aSharedPromptHasTheGradientOfItsCopies(Parts parts) {
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
    assertClose(gradient(apart, 10_000, parts), gradient(samples(), 10_000, parts));
  }
}
