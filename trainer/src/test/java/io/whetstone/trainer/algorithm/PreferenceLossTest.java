package io.whetstone.trainer.algorithm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.util.Locale;
import org.junit.jupiter.api.Test;

class PreferenceLossTest {
  @Test
  void agreesWithPyTorch() throws IOException {
    int cases = 0;
    try (InputStream in = getClass().getResourceAsStream("preference.json")) {
      for (JsonNode golden : new ObjectMapper().readTree(in)) {
        PreferenceLoss loss =
            new PreferenceLoss(
                PreferenceLoss.Form.valueOf(golden.get("form").asText().toUpperCase(Locale.ROOT)),
                golden.get("beta").asDouble(),
                golden.get("label-smoothing").asDouble());
        PreferenceLoss.Term term = loss.at(golden.get("difference").asDouble());
        assertClose(golden.get("loss").asDouble(), term.loss(), golden);
        assertClose(golden.get("slope").asDouble(), term.slope(), golden);
        cases++;
      }
    }
    assertTrue(cases > 80, cases + " cases");
  }

  private static void assertClose(double expected, double actual, JsonNode golden) {
    assertEquals(expected, actual, 1e-12 * Math.max(1, Math.abs(expected)), golden.toString());
  }
}
