package io.whetstone.tensor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class SamplingTest {
  @Test
  void impossibleSettingsAreRefusedByName() {
    refused("temperature: -0.1 is not ≥ 0", -0.1f, 0, 1, 0);
    refused("temperature: NaN is not ≥ 0", Float.NaN, 0, 1, 0);
    refused("temperature: Infinity is not ≥ 0", Float.POSITIVE_INFINITY, 0, 1, 0);
    refused("top-k: -1 is not ≥ 0", 1, -1, 1, 0);
    refused("top-p: 0.0 is not in (0, 1]", 1, 0, 0, 0);
    refused("top-p: 1.5 is not in (0, 1]", 1, 0, 1.5f, 0);
    refused("top-p: NaN is not in (0, 1]", 1, 0, Float.NaN, 0);
    refused("min-p: 1.0 is not in [0, 1)", 1, 0, 1, 1);
    refused("min-p: -0.5 is not in [0, 1)", 1, 0, 1, -0.5f);
  }

  private static void refused(String message, float temperature, int topK, float topP, float minP) {
    assertEquals(
        message,
        assertThrows(
                IllegalArgumentException.class, () -> new Sampling(temperature, topK, topP, minP))
            .getMessage());
  }

  @Test
  void logprobsOfGreedyTokensAreTakenAtTemperatureOne() {
    assertEquals(1, Sampling.GREEDY.logprobTemperature());
    assertEquals(0.5f, new Sampling(0.5f, 0, 1, 0).logprobTemperature());
  }

  @Test
  void equalityGoesByTheSuppressedTokens() {
    Sampling sampling = new Sampling(1, 2, 0.9f, 0.1f, 4, 5);
    Sampling same = new Sampling(1, 2, 0.9f, 0.1f, 4, 5);
    assertEquals(sampling, same);
    assertEquals(sampling.hashCode(), same.hashCode());
    assertNotEquals(sampling, new Sampling(1, 2, 0.9f, 0.1f, 4));
    assertNotEquals(sampling, new Sampling(1, 2, 0.9f, 0.2f, 4, 5));
  }

  @Test
  void theCallersArrayIsItsOwn() {
    int[] suppressed = {3};
    Sampling sampling = new Sampling(1, 0, 1, 0, suppressed);
    suppressed[0] = 4;
    assertEquals(3, sampling.suppressed()[0]);
  }

  /** Messages print settings; an array's address would tell nobody anything. */
  @Test
  void textShowsTheSuppressedTokens() {
    String text = new Sampling(0.7f, 2, 0.9f, 0.1f, 4, 5).toString();
    assertTrue(text.contains("temperature=0.7") && text.contains("[4, 5]"), text);
  }
}
