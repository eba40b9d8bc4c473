package io.whetstone.trainer.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Gate, bounds and a weight that changes reach the totals; the records keep the own values. */
class ComposedRewardsRunTest {
  private static final String REWARDS =
      "[accuracy,"
          + " {repeats: {reward: repetition, unit: characters, ngram: 1, clip: [-0.3, 0],"
          + " weight: [[0, 1], [1, 0.25]]}},"
          + " {pairs: {reward: repetition, unit: characters, ngram: 2, gate: {repeats: -0.3}}}]";

  @Test
  void totalsAreComposedAsConfigured(@TempDir Path runs) throws IOException {
    CommandLineRun.train(
            runs, "composed", "--set", "grpo.steps=2", "--set", "grpo.rewards=" + REWARDS)
        .succeeded();
    Path run = runs.resolve("composed");
    int clipped = 0;
    int kept = 0;
    int closed = 0;
    int open = 0;
    for (int step = 1; step <= 2; step++) {
      double weight = step == 1 ? 1 : 0.25;
      double totals = 0;
      double own = 0;
      List<JsonNode> lines = RunFiles.completions(run, "grpo-" + step);
      for (JsonNode line : lines) {
        double repeats = line.get("rewards").get("repeats").asDouble();
        double pairs = line.get("rewards").get("pairs").asDouble();
        boolean isOpen = repeats >= -0.3;
        double expected =
            line.get("rewards").get("accuracy").asDouble()
                + weight * Math.max(-0.3, repeats)
                + (isOpen ? pairs : 0);
        assertEquals(expected, line.get("reward").asDouble(), 1e-9, line.toString());
        assertEquals(!isOpen, line.get("notes").path("pairs").has("gate"), line.toString());
        totals += expected;
        own += repeats;
        clipped += repeats < -0.3 ? 1 : 0;
        kept += repeats > -0.3 && repeats < 0 ? 1 : 0;
        closed += !isOpen && pairs < 0 ? 1 : 0;
        open += isOpen && pairs < 0 ? 1 : 0;
      }
      assertEquals(totals / lines.size(), RunFiles.values(run, "reward/mean").get(step - 1), 1e-6);
      assertEquals(
          own / lines.size(), RunFiles.values(run, "reward/repeats/mean").get(step - 1), 1e-6);
    }
    String met = "%d clipped, %d kept, %d closed, %d open".formatted(clipped, kept, closed, open);
    assertTrue(clipped > 0 && kept > 0 && closed > 0 && open > 0, met);
  }
}
