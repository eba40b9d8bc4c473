package io.whetstone.trainer.algorithm;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

class PolicyObjectiveTest {
  private static final int[] LENGTHS = {7, 1, 30, 12, 3, 18, 5, 2};

  static Stream<LossReduction> reductions() {
    return Stream.of(
        new LossReduction.SequenceMean(),
        new LossReduction.TokenMean(),
        new LossReduction.ConstantLength(32));
  }

  private static PolicyObjective objective(KlEstimator kl) {
    return new PolicyObjective(new ClippedSurrogate(0.2, 0.28), kl, 0.05, 0.01);
  }

  /** All sequences one after another; a few tokens of each are not trained on. */
  private static PolicyTokens step(LossReduction reduction) {
    SplittableRandom random = new SplittableRandom(7);
    int total = Arrays.stream(LENGTHS).sum();
    float[] logprobs = new float[total];
    float[] old = new float[total];
    float[] reference = new float[total];
    float[] entropies = new float[total];
    float[] advantages = new float[total];
    double[] weights = new double[total];
    boolean[] trained = new boolean[total];
    int[] trainedTokens = new int[LENGTHS.length];
    int t = 0;
    for (int s = 0; s < LENGTHS.length; s++) {
      float advantage = (float) random.nextDouble(-1.5, 1.5);
      for (int i = 0; i < LENGTHS[s]; i++, t++) {
        logprobs[t] = (float) random.nextDouble(-4, -0.01);
        old[t] = logprobs[t] + (float) random.nextDouble(-0.6, 0.6);
        reference[t] = logprobs[t] + (float) random.nextDouble(-1, 1);
        entropies[t] = (float) random.nextDouble(2);
        advantages[t] = advantage;
        trained[t] = i % 5 != 3;
        trainedTokens[s] += trained[t] ? 1 : 0;
      }
    }
    double[] perSequence = reduction.weights(trainedTokens);
    t = 0;
    for (int s = 0; s < LENGTHS.length; s++) {
      for (int i = 0; i < LENGTHS[s]; i++, t++) {
        weights[t] = perSequence[s];
      }
    }
    return new PolicyTokens(logprobs, old, reference, entropies, advantages, weights, trained);
  }

  private static PolicyTokens part(PolicyTokens all, int from, int to) {
    return new PolicyTokens(
        Arrays.copyOfRange(all.logprobs(), from, to),
        Arrays.copyOfRange(all.oldLogprobs(), from, to),
        Arrays.copyOfRange(all.referenceLogprobs(), from, to),
        Arrays.copyOfRange(all.entropies(), from, to),
        Arrays.copyOfRange(all.advantages(), from, to),
        Arrays.copyOfRange(all.weights(), from, to),
        Arrays.copyOfRange(all.trained(), from, to));
  }

  @ParameterizedTest
  @MethodSource("reductions")
  void microBatchesAddUpToTheWhole(LossReduction reduction) {
    PolicyObjective objective = objective(KlEstimator.K3);
    PolicyTokens all = step(reduction);
    PolicyObjective.Result whole = objective.evaluate(all);
    for (int size : new int[] {1, 4, 13, 40}) {
      double loss = 0;
      float[] gradient = new float[all.size()];
      PolicyMeasures measures = PolicyMeasures.NONE;
      for (int from = 0; from < all.size(); from += size) {
        int to = Math.min(all.size(), from + size);
        PolicyObjective.Result result = objective.evaluate(part(all, from, to));
        loss += result.loss();
        System.arraycopy(result.dLogprobs(), 0, gradient, from, to - from);
        measures = measures.plus(result.measures());
      }
      assertEquals(whole.loss(), loss, 1e-12);
      assertArrayEquals(whole.dLogprobs(), gradient);
      PolicyMeasures together = measures;
      whole
          .measures()
          .named()
          .forEach((key, value) -> assertEquals(value, together.named().get(key), 1e-12, key));
      assertEquals(whole.measures().differenceMax(), measures.differenceMax());
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

    double[] weights = reduction.weights(lengths);
    double accumulated = 0;
    for (int microBatch = 0; microBatch < 2; microBatch++) {
      accumulated += weights[microBatch] * lengths[microBatch] * losses[microBatch];
    }
    assertEquals(right, accumulated, 1e-12);
    assertNotEquals(averageOfMeans, accumulated, 1);
    assertEquals(weights[0], weights[1], "every token of the step weighs the same");
  }

  @ParameterizedTest
  @EnumSource(KlEstimator.class)
  void gradientsMatchFiniteDifferences(KlEstimator kl) {
    PolicyObjective objective = objective(kl);
    PolicyTokens tokens = step(new LossReduction.SequenceMean());
    PolicyObjective.Result result = objective.evaluate(tokens);
    for (int t = 0; t < tokens.size(); t++) {
      for (float[] values : List.of(tokens.logprobs(), tokens.entropies())) {
        float gradient =
            values == tokens.logprobs() ? result.dLogprobs()[t] : result.dEntropies()[t];
        float middle = values[t];
        float below = middle - 0x1p-9f;
        float above = middle + 0x1p-9f;
        values[t] = above;
        double up = objective.evaluate(tokens).loss();
        values[t] = below;
        double down = objective.evaluate(tokens).loss();
        values[t] = middle;
        double slope = (up - down) / ((double) above - below);
        assertEquals(slope, gradient, 2e-4 * Math.abs(slope) + 1e-7, "token " + t);
      }
    }
  }

  @Test
  void anEmptyMaskGivesNothing() {
    PolicyTokens all = step(new LossReduction.TokenMean());
    Arrays.fill(all.trained(), false);
    PolicyObjective.Result result = objective(KlEstimator.K1).evaluate(all);
    assertEquals(0, result.loss());
    assertArrayEquals(new float[all.size()], result.dLogprobs());
    assertTrue(result.measures().named().isEmpty());
    assertArrayEquals(new double[3], new LossReduction.TokenMean().weights(new int[3]));
    assertArrayEquals(new double[3], new LossReduction.SequenceMean().weights(new int[3]));
  }

  @Test
  void onPolicyWithoutClippingTheGradientIsMinusWeightTimesAdvantage() {
    PolicyTokens all = step(new LossReduction.TokenMean());
    System.arraycopy(all.logprobs(), 0, all.oldLogprobs(), 0, all.size());
    PolicyObjective objective =
        new PolicyObjective(new ClippedSurrogate(0.2, 0.2), KlEstimator.K3, 0, 0);
    PolicyObjective.Result result = objective.evaluate(all);
    for (int t = 0; t < all.size(); t++) {
      double expected = all.trained()[t] ? -all.weights()[t] * all.advantages()[t] : 0;
      assertEquals((float) expected, result.dLogprobs()[t]);
    }
    assertEquals(0, result.measures().differenceMax());
    assertEquals(1.0, result.measures().named().get("policy/ratio-mean"));
    assertTrue(result.measures().named().containsKey("policy/kl"), "measured though not in loss");
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
    ClippedSurrogate surrogate = new ClippedSurrogate(0.5, 1);
    double old = 0;
    assertEquals(0, surrogate.at(Math.log(2) + 1e-9, old, 1).gradient());
    assertEquals(-2, surrogate.at(Math.log(2) - 1e-9, old, 1).gradient(), 1e-8);
    assertEquals(2.5, surrogate.at(Math.log(2.5), old, -1).gradient(), 1e-12);
    assertEquals(0, surrogate.at(Math.log(0.5) - 1e-9, old, -1).gradient());
    assertEquals(PolicyLoss.Clip.LOW, surrogate.at(Math.log(0.4), old, -1).clip());
    assertEquals(0, surrogate.at(1000, -1000, 0).loss(), Double.MIN_VALUE, "no 0 · ∞");
  }
}
