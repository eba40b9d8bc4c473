package io.whetstone.trainer.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunSummaryTest {
  @TempDir Path runs;

  private static RunSummary running() {
    return new RunSummary(
        RunSummary.Status.RUNNING, 1.25, List.of(), null, null, Double.NaN, null, null);
  }

  @Test
  void everyKeyIsThereFromTheStart() throws IOException {
    try (RunDirectory run = RunDirectory.create(runs, "one")) {
      running().write(run, OptionalLong.empty());
      JsonNode json = new ObjectMapper().readTree(run.summary().toFile());
      assertEquals("running", json.get("status").asText());
      assertEquals(1.25, json.get("wall-seconds").asDouble());
      assertEquals(0, json.get("stages").size());
      for (String key :
          List.of(
              "peak-rss-bytes",
              "pass@1/before",
              "pass@1/after",
              "pass@1-interval/before",
              "greedy/before",
              "greedy/after",
              "thinks/before",
              "thinks/after",
              "completion-length/before",
              "completion-length/after",
              "logprob-mismatch/max",
              "weights-sha256",
              "verdict",
              "error")) {
        assertTrue(json.required(key).isNull(), key);
      }
    }
  }

  @Test
  void aDoneRunTellsAll() throws IOException {
    try (RunDirectory run = RunDirectory.create(runs, "one")) {
      running().write(run);
      new RunSummary(
              RunSummary.Status.DONE,
              99.87654,
              List.of(
                  new RunSummary.Stage("sft", 60, 20, 30_000),
                  new RunSummary.Stage("grpo", 140, 70.5, 211_500)),
              Rounds.of(128, 0.25, 0, 16),
              Rounds.of(512, 1, 1, 37),
              0.0,
              "ab".repeat(32),
              null)
          .write(run, OptionalLong.of(123_456_789));
      assertEquals(
          """
          {
            "status" : "done",
            "wall-seconds" : 99.877,
            "peak-rss-bytes" : 123456789,
            "stages" : [ {
              "name" : "sft",
              "steps" : 60,
              "wall-seconds" : 20.0,
              "completion-tokens-per-second" : 1500.0,
              "completion-tokens" : 30000
            }, {
              "name" : "grpo",
              "steps" : 140,
              "wall-seconds" : 70.5,
              "completion-tokens-per-second" : 3000.0,
              "completion-tokens" : 211500
            } ],
            "pass@1/before" : 0.25,
            "pass@1/after" : 1.0,
          """
              .stripTrailing(),
          Files.readString(run.summary())
              .lines()
              .limit(19)
              .reduce((a, b) -> a + "\n" + b)
              .orElseThrow());
      JsonNode json = new ObjectMapper().readTree(run.summary().toFile());
      assertEquals(0, json.get("thinks/before").asDouble(1));
      assertTrue(json.get("accuracy-thinking/before").isNull());
      assertEquals(37, json.get("completion-length/after").asDouble());
      assertEquals(0.25, json.get("greedy/before").asDouble());
      assertEquals(0, json.get("logprob-mismatch/max").asDouble(1));
      assertEquals(2, json.get("pass@1-interval/after").size());
      assertEquals("learned", json.get("verdict").asText());
      assertEquals("ab".repeat(32), json.get("weights-sha256").asText());
      assertFalse(Files.exists(run.path().resolve(".summary.json.partial")));
    }
  }

  @Test
  void aFailureAtTheStartKeepsWhatWasTold() throws IOException {
    try (RunDirectory run = RunDirectory.create(runs, "one")) {
      assertEquals(0, RunSummary.wallSecondsSoFar(run));
      RunSummary.failedBeforeBeginning(run, "no such file");
      assertEquals(0, new ObjectMapper().readTree(run.summary().toFile()).get("stages").size());
      running().write(run);
      RunSummary.failedBeforeBeginning(run, "model.safetensors: SHA-256 differs");
      JsonNode json = new ObjectMapper().readTree(run.summary().toFile());
      assertEquals("failed", json.get("status").asText());
      assertEquals("model.safetensors: SHA-256 differs", json.get("error").asText());
      assertEquals(1.25, RunSummary.wallSecondsSoFar(run));
    }
  }

  @Test
  void theProcessKnowsItsPeakMemoryWhereTheSystemTells() {
    OptionalLong peak = Machine.peakResidentBytes();
    assertEquals(Files.exists(Path.of("/proc/self/status")), peak.isPresent());
    peak.ifPresent(bytes -> assertTrue(bytes > 1 << 20 && bytes < 1L << 42, () -> "" + bytes));
  }
}
