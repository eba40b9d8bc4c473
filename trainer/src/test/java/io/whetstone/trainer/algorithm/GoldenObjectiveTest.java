package io.whetstone.trainer.algorithm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.stream.StreamSupport;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Loss, gradient and advantages against PyTorch's autograd (make_algorithm_golden.py). */
class GoldenObjectiveTest {
  private static final JsonNode GOLDEN = read();
  private static final double RELATIVE = 1e-6;

  private static JsonNode read() {
    try (InputStream in = GoldenObjectiveTest.class.getResourceAsStream("golden.json")) {
      return new ObjectMapper().readTree(in);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  static List<JsonNode> cases() {
    return StreamSupport.stream(GOLDEN.get("cases").spliterator(), false).toList();
  }

  @ParameterizedTest
  @MethodSource("cases")
  void lossAndGradient(JsonNode golden) {
    int sequences = GOLDEN.get("mask").size();
    int longest = GOLDEN.get("mask").get(0).size();
    int[] trainedTokens = new int[sequences];
    boolean[] trained = new boolean[sequences * longest];
    for (int t = 0; t < trained.length; t++) {
      trained[t] = GOLDEN.get("mask").get(t / longest).get(t % longest).asBoolean();
      trainedTokens[t / longest] += trained[t] ? 1 : 0;
    }
    double[] weights = reduction(golden).weights(trainedTokens);
    double[] tokenWeights = new double[trained.length];
    float[] advantages = new float[trained.length];
    for (int t = 0; t < trained.length; t++) {
      tokenWeights[t] = weights[t / longest];
      advantages[t] = golden.get("advantages").get(t / longest).floatValue();
    }
    boolean withKl = !golden.get("kl").asText().equals("none");
    boolean withEntropy = golden.get("eta").asDouble() != 0;
    PolicyObjective.Result result =
        objective(golden)
            .evaluate(
                new PolicyTokens(
                    values("logprobs", trained),
                    values("oldLogprobs", trained),
                    withKl ? values("referenceLogprobs", trained) : null,
                    withEntropy ? values("entropies", trained) : null,
                    advantages,
                    tokenWeights,
                    trained));

    close(golden.get("loss").asDouble(), result.loss());
    gradient(golden.get("dLogprobs"), result.dLogprobs(), trained);
    if (withEntropy) {
      gradient(golden.get("dEntropies"), result.dEntropies(), trained);
    } else {
      assertNull(result.dEntropies());
    }
    PolicyMeasures measures = result.measures();
    assertEquals(golden.get("clippedLow").asInt(), measures.clippedLow());
    assertEquals(golden.get("clippedHigh").asInt(), measures.clippedHigh());
    close(golden.get("ratioMean").asDouble(), measures.named().get("policy/ratio-mean"));
    assertEquals(withKl, measures.named().containsKey("policy/kl"));
  }

  @ParameterizedTest
  @MethodSource("cases")
  void advantages(JsonNode golden) {
    double[][] rewards = new ObjectMapper().convertValue(GOLDEN.get("rewards"), double[][].class);
    Scale scale =
        switch (golden.get("scale").asText()) {
          case "group" -> Scale.GROUP_STD;
          case "batch" -> Scale.BATCH_STD;
          default -> Scale.NONE;
        };
    Deviation deviation = Deviation.valueOf(golden.get("deviation").asText().toUpperCase());
    Advantages actual =
        ComposedAdvantage.grpo(scale, deviation, 1e-4, false)
            .estimate(RewardBatch.ofTotals(rewards));
    int i = 0;
    for (double[][] group : actual.values()) {
      for (double[] advantage : group) {
        close(golden.get("advantages").get(i++).asDouble(), advantage[0]);
      }
    }
    assertEquals(golden.get("advantages").size(), i);
  }

  private static LossReduction reduction(JsonNode golden) {
    return switch (golden.get("reduction").asText()) {
      case "sequence-mean" -> new LossReduction.SequenceMean();
      case "token-mean" -> new LossReduction.TokenMean();
      default -> new LossReduction.ConstantLength(GOLDEN.get("length").asInt());
    };
  }

  private static PolicyObjective objective(JsonNode golden) {
    double high = golden.get("high").asDouble(Double.POSITIVE_INFINITY);
    String kl = golden.get("kl").asText();
    return new PolicyObjective(
        new ClippedSurrogate(
            golden.get("low").asDouble(),
            golden.get("high").isNull() ? Double.POSITIVE_INFINITY : high),
        kl.equals("none") ? KlEstimator.K3 : KlEstimator.valueOf(kl.toUpperCase()),
        golden.get("beta").asDouble(),
        golden.get("eta").asDouble());
  }

  /** What is not trained on is NaN, so that reading it would show. */
  private static float[] values(String key, boolean[] trained) {
    JsonNode rows = GOLDEN.get(key);
    int longest = rows.get(0).size();
    float[] values = new float[trained.length];
    for (int t = 0; t < values.length; t++) {
      values[t] = trained[t] ? rows.get(t / longest).get(t % longest).floatValue() : Float.NaN;
    }
    return values;
  }

  private static void gradient(JsonNode expected, float[] actual, boolean[] trained) {
    int i = 0;
    for (int t = 0; t < actual.length; t++) {
      if (trained[t]) {
        close(expected.get(i++).asDouble(), actual[t]);
      } else {
        assertEquals(0, actual[t]);
      }
    }
    assertEquals(expected.size(), i);
  }

  private static void close(double expected, double actual) {
    assertTrue(
        Math.abs(actual - expected) <= RELATIVE * Math.abs(expected) + 1e-12,
        () -> "expected " + expected + ", got " + actual);
  }
}
