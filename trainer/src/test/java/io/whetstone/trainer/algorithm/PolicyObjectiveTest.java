package io.whetstone.trainer.algorithm;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.OptionalDouble;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class PolicyObjectiveTest {
  private static final int[] LENGTHS = {7, 1, 30, 12, 3, 18, 5, 2};
  private static final int[] GROUPS = {0, 0, 1, 1, 2, 2, 2, 3};

  static Stream<LossReduction> reductions() {
    return Stream.of(
        new LossReduction.SequenceMean(),
        new LossReduction.TokenMean(),
        new LossReduction.GroupTokenMean(),
        new LossReduction.ConstantLength(32));
  }

  private static PolicyObjective objective(PolicyLoss loss, KlTerm kl) {
    return new PolicyObjective(loss, kl, 0.05, 0.01, OptionalDouble.of(0.1));
  }

  private static PolicyObjective objective(KlEstimator kl) {
    return objective(new RatioLoss(Ratio.TOKEN, new ClippedSurrogate(0.2, 0.28)), new KlTerm(kl));
  }

  /** Losses whose gradient is that of their value. */
  static Stream<PolicyLoss> smooth() {
    return Stream.concat(
        Stream.of(Ratio.TOKEN, Ratio.SEQUENCE, Ratio.SEQUENCE_PRODUCT)
            .flatMap(
                ratio ->
                    Stream.of(
                            new ClippedSurrogate(0.2, 0.28, 1.5),
                            new Unclipped(),
                            new Sapo(1, 1.05))
                        .map(gate -> new RatioLoss(ratio, gate))),
        Stream.of(new GeometricMean(0.25, 0.35), new RatioLoss(Ratio.TOKEN, new LogLikelihood())));
  }

  /** Losses whose ratio is held fast, so that only the logprob beside it has a gradient. */
  static Stream<PolicyLoss> detached() {
    return Stream.of(
        new RatioLoss(Ratio.TOKEN, new Cispo(0.6, 1.3)),
        new RatioLoss(Ratio.SEQUENCE, new Cispo(0.9, 1.1)),
        new RatioLoss(Ratio.TOKEN, new LogLikelihood()),
        new Vespo(2, 3, 3, 2));
  }

  static Stream<PolicyLoss> losses() {
    return Stream.concat(smooth(), detached());
  }

  /** All sequences one after another; their advantages differ by token. */
  private static PolicyTokens step(LossReduction reduction) {
    SplittableRandom random = new SplittableRandom(7);
    int total = Arrays.stream(LENGTHS).sum();
    float[] logprobs = new float[total];
    float[] old = new float[total];
    float[] sampled = new float[total];
    float[] reference = new float[total];
    float[] entropies = new float[total];
    float[] advantages = new float[total];
    int[] sequences = new int[total];
    double[] policy = new double[total];
    double[] penalty = new double[total];
    double[] entropy = new double[total];
    int t = 0;
    for (int s = 0; s < LENGTHS.length; s++) {
      float advantage = (float) random.nextDouble(-1.5, 1.5);
      for (int i = 0; i < LENGTHS[s]; i++, t++) {
        logprobs[t] = (float) random.nextDouble(-4, -0.01);
        old[t] = logprobs[t] + (float) random.nextDouble(-0.6, 0.6);
        sampled[t] = old[t] + (float) random.nextDouble(-0.3, 0.3);
        reference[t] = logprobs[t] + (float) random.nextDouble(-1, 1);
        entropies[t] = (float) random.nextDouble(2);
        advantages[t] = s % 3 == 2 ? advantage + (float) random.nextDouble(-2, 2) : advantage;
        sequences[t] = s;
        policy[t] = random.nextInt(4) == 0 ? 0 : random.nextDouble(0.5, 2);
        penalty[t] = random.nextInt(5) == 0 ? 1 : 0;
        entropy[t] = 1.0 / total;
      }
    }
    double[] perSequence = reduction.weights(LENGTHS, GROUPS);
    double[] loss = Arrays.stream(sequences).mapToDouble(s -> perSequence[s]).toArray();
    return new PolicyTokens(
        logprobs,
        old,
        sampled,
        reference,
        entropies,
        advantages,
        sequences,
        new PolicyTokens.Weights(loss, policy, penalty, entropy));
  }

  private static PolicyTokens part(PolicyTokens all, int from, int to) {
    PolicyTokens.Weights weights = all.weights();
    return new PolicyTokens(
        Arrays.copyOfRange(all.logprobs(), from, to),
        Arrays.copyOfRange(all.oldLogprobs(), from, to),
        Arrays.copyOfRange(all.sampledLogprobs(), from, to),
        Arrays.copyOfRange(all.referenceLogprobs(), from, to),
        Arrays.copyOfRange(all.entropies(), from, to),
        Arrays.copyOfRange(all.advantages(), from, to),
        Arrays.copyOfRange(all.sequences(), from, to),
        new PolicyTokens.Weights(
            Arrays.copyOfRange(weights.loss(), from, to),
            Arrays.copyOfRange(weights.policy(), from, to),
            Arrays.copyOfRange(weights.penalty(), from, to),
            Arrays.copyOfRange(weights.entropy(), from, to)));
  }

  @ParameterizedTest
  @MethodSource("losses")
  void microBatchesAddUpToTheWhole(PolicyLoss policyLoss) {
    PolicyObjective objective = objective(policyLoss, new KlTerm(KlEstimator.K3, false, true));
    for (LossReduction reduction : reductions().toList()) {
      PolicyTokens all = step(reduction);
      PolicyObjective.Result whole = objective.evaluate(all);
      for (int sequences : new int[] {1, 3, 5}) {
        double loss = 0;
        float[] gradient = new float[all.size()];
        PolicyMeasures measures = PolicyMeasures.NONE;
        int from = 0;
        for (int s = 0; s < LENGTHS.length; s += sequences) {
          int end = Math.min(LENGTHS.length, s + sequences);
          int to = from + Arrays.stream(LENGTHS, s, end).sum();
          PolicyObjective.Result result = objective.evaluate(part(all, from, to));
          loss += result.loss();
          System.arraycopy(result.dLogprobs(), 0, gradient, from, to - from);
          measures = measures.plus(result.measures());
          from = to;
        }
        assertEquals(whole.loss(), loss, 1e-12 * Math.max(1, Math.abs(whole.loss())));
        assertArrayEquals(whole.dLogprobs(), gradient);
        PolicyMeasures together = measures;
        whole
            .measures()
            .named()
            .forEach(
                (key, value) ->
                    assertEquals(
                        value,
                        together.named().get(key),
                        1e-12 * Math.max(1, Math.abs(value)),
                        key));
        assertEquals(whole.measures().differenceMax(), measures.differenceMax());
      }
    }
  }

  /**
   * The bug of averaging means: a token mean taken in each micro-batch, then averaged over
   * micro-batches of unequal length, weighs the tokens of the short one more.
   */
  @Test
  void tokenMeanIsOverTheWholeStep() {
    LossReduction reduction = new LossReduction.TokenMean();
    int[] lengths = {2, 8};
    double[] losses = {1.0, 6.0};
    double right = (2 * 1.0 + 8 * 6.0) / 10;
    double averageOfMeans = (1.0 + 6.0) / 2;

    double[] weights = reduction.weights(lengths, new int[2]);
    double accumulated = 0;
    for (int microBatch = 0; microBatch < 2; microBatch++) {
      accumulated += weights[microBatch] * lengths[microBatch] * losses[microBatch];
    }
    assertEquals(right, accumulated, 1e-12);
    assertNotEquals(averageOfMeans, accumulated, 1);
    assertEquals(weights[0], weights[1], "every token of the step weighs the same");
  }

  static Stream<KlTerm> kls() {
    return Stream.concat(
        Arrays.stream(KlEstimator.values()).map(KlTerm::new),
        Arrays.stream(KlEstimator.values()).map(k -> new KlTerm(k, false, true)));
  }

  @ParameterizedTest
  @MethodSource("smooth")
  void gradientsOfLossesMatchFiniteDifferences(PolicyLoss loss) {
    differences(objective(loss, new KlTerm(KlEstimator.K3)), false);
  }

  @ParameterizedTest
  @MethodSource("kls")
  void gradientsOfDivergencesMatchFiniteDifferences(KlTerm kl) {
    differences(objective(new RatioLoss(Ratio.TOKEN, new Unclipped()), kl), false);
  }

  @ParameterizedTest
  @MethodSource("detached")
  void withTheRatioHeldFastGradientsMatchFiniteDifferences(PolicyLoss loss) {
    differences(
        new PolicyObjective(loss, new KlTerm(KlEstimator.K3), 0, 0.01, OptionalDouble.empty()),
        true);
  }

  /**
   * @param ratioHeld the old logprob moves with the logprob
   */
  private static void differences(PolicyObjective objective, boolean ratioHeld) {
    PolicyTokens tokens = step(new LossReduction.SequenceMean());
    if (ratioHeld) {
      Arrays.fill(tokens.weights().penalty(), 0); // a function of the ratio
    }
    PolicyObjective.Result result = objective.evaluate(tokens);
    for (int t = 0; t < tokens.size(); t++) {
      for (float[] values : List.of(tokens.logprobs(), tokens.entropies())) {
        boolean together = ratioHeld && values == tokens.logprobs();
        float gradient =
            values == tokens.logprobs() ? result.dLogprobs()[t] : result.dEntropies()[t];
        float middle = values[t];
        float old = tokens.oldLogprobs()[t];
        float below = middle - 0x1p-9f;
        float above = middle + 0x1p-9f;
        values[t] = above;
        tokens.oldLogprobs()[t] = together ? old + 0x1p-9f : old;
        double up = objective.evaluate(tokens).loss();
        values[t] = below;
        tokens.oldLogprobs()[t] = together ? old - 0x1p-9f : old;
        double down = objective.evaluate(tokens).loss();
        values[t] = middle;
        tokens.oldLogprobs()[t] = old;
        double slope = (up - down) / ((double) above - below);
        assertEquals(slope, gradient, 5e-4 * Math.abs(slope) + 1e-6, "token " + t);
      }
    }
  }

  @Test
  void straightThroughHasTheSlopeOfK2() {
    KlTerm term = new KlTerm(KlEstimator.K3, true, false);
    assertEquals(KlEstimator.K3.value(-1, -1.5), term.value(-1, -1.5, 0.2));
    assertEquals(0.5, term.gradient(-1, -1.5, 0.2));
  }

  @Test
  void withoutTokensThereIsNothing() {
    PolicyTokens none = part(step(new LossReduction.TokenMean()), 0, 0);
    PolicyObjective.Result result = objective(KlEstimator.K1).evaluate(none);
    assertEquals(0, result.loss());
    assertEquals(0, result.dLogprobs().length);
    assertTrue(result.measures().named().isEmpty());
    reductions()
        .forEach(
            reduction ->
                assertArrayEquals(new double[3], reduction.weights(new int[3], new int[3])));
  }

  /** Why the first step's loss is 0 though something is learned: see docs/metrics.md. */
  @Test
  void onPolicyTheLossIsMinusTheMeanAdvantageAndTheGradientIsNot() {
    PolicyTokens all = step(new LossReduction.SequenceMean());
    System.arraycopy(all.logprobs(), 0, all.oldLogprobs(), 0, all.size());
    double[] loss = all.weights().loss();
    PolicyTokens tokens =
        new PolicyTokens(
            all.logprobs(),
            all.oldLogprobs(),
            all.oldLogprobs(),
            all.referenceLogprobs(),
            null,
            all.advantages(),
            all.sequences(),
            new PolicyTokens.Weights(loss, null, null, loss));
    PolicyObjective objective =
        new PolicyObjective(
            new RatioLoss(Ratio.TOKEN, new ClippedSurrogate(0.2, 0.2)),
            new KlTerm(KlEstimator.K3),
            0,
            0,
            OptionalDouble.empty());
    PolicyObjective.Result result = objective.evaluate(tokens);
    double mean = 0;
    for (int t = 0; t < all.size(); t++) {
      mean += loss[t] * all.advantages()[t];
      assertEquals((float) (-loss[t] * all.advantages()[t]), result.dLogprobs()[t]);
    }
    assertEquals(-mean, result.loss(), 1e-12);
    assertEquals(0, result.measures().differenceMax());
    assertEquals(1.0, result.measures().named().get("policy/ratio-mean"));
    assertTrue(result.measures().named().containsKey("policy/kl"), "measured though not in loss");
  }

  @Test
  void staleSequencesAreLeftOutWhereTheAdvantageIsNegative() {
    PolicyTokens all = step(new LossReduction.TokenMean());
    PolicyObjective objective =
        new PolicyObjective(
            new RatioLoss(Ratio.TOKEN, new Unclipped()),
            new KlTerm(KlEstimator.K3),
            0,
            0,
            OptionalDouble.of(-100));
    PolicyTokens.Weights weights = all.weights();
    PolicyTokens tokens =
        new PolicyTokens(
            all.logprobs(),
            all.oldLogprobs(),
            all.sampledLogprobs(),
            null,
            null,
            all.advantages(),
            all.sequences(),
            new PolicyTokens.Weights(weights.loss(), null, null, weights.entropy()));
    float[] gradients = objective.evaluate(tokens).dLogprobs();
    for (int t = 0; t < gradients.length; t++) {
      assertEquals(all.advantages()[t] < 0, gradients[t] == 0, "token " + t);
    }
  }

  @Test
  void aTrainedTokenThatIsNotANumberIsNamed() {
    PolicyTokens all = step(new LossReduction.TokenMean());
    all.oldLogprobs()[4] = Float.NEGATIVE_INFINITY;
    IllegalArgumentException error =
        assertThrows(IllegalArgumentException.class, () -> objective(KlEstimator.K3).evaluate(all));
    assertEquals("old logprob of trained token 4 is -Infinity", error.getMessage());
  }

  @Test
  void atTheClipItselfTheGradientFlows() {
    ClippedSurrogate surrogate = new ClippedSurrogate(0.5, 1, 4);
    assertEquals(0, surrogate.at(Math.log(2) + 1e-9, -1, 1).slope());
    assertEquals(-2, surrogate.at(Math.log(2) - 1e-9, -1, 1).slope(), 1e-8);
    assertEquals(2.5, surrogate.at(Math.log(2.5), -1, -1).slope(), 1e-12);
    assertEquals(0, surrogate.at(Math.log(0.5) - 1e-9, -1, -1).slope());
    assertEquals(PolicyLoss.Clip.LOW, surrogate.at(Math.log(0.4), -1, -1).clip());
    assertEquals(PolicyLoss.Clip.DELTA, surrogate.at(Math.log(4.1), -1, -1).clip());
    assertEquals(4, surrogate.at(Math.log(4.1), -1, -1).loss());
    assertEquals(0, surrogate.at(2000, -1, 0).loss(), Double.MIN_VALUE, "no 0 · ∞");
    assertEquals(0, new Sapo(1, 1).at(2000, -1, -1).slope(), "the gate is shut");
  }
}
