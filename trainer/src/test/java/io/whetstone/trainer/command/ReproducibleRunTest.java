package io.whetstone.trainer.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** The same seed gives the same bytes; another seed another run. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ReproducibleRunTest {
  private Path runs;
  private RunFiles first;

  @BeforeAll
  void train(@TempDir Path directory) throws IOException {
    runs = directory;
    CommandLineRun.train(runs, "first").succeeded();
    first = RunFiles.of(runs.resolve("first"));
  }

  @Test
  void againAndWithOneThread() throws IOException {
    CommandLineRun.train(runs, "again", "--set", "threads=2").succeeded();
    assertEquals(first, RunFiles.of(runs.resolve("again")));
    CommandLineRun.train(runs, "one-thread", "--set", "threads=1").succeeded();
    assertEquals(first, RunFiles.of(runs.resolve("one-thread")));
  }

  @Test
  void interpretedAsCompiled() throws Exception {
    String[] few = {"--set", "stages.0.sft.steps=2", "--set", "grpo.steps=1"};
    CommandLineRun.train(runs, "compiled", few).succeeded();
    Process interpreted =
        CommandLineRun.start(
            runs.resolve("interpreted.log"),
            List.of("-Xint"),
            "train",
            CommandLineRun.tiny(),
            "--runs",
            runs.toString(),
            "--run",
            "interpreted",
            "--set",
            "seed=7",
            few[0],
            few[1],
            few[2],
            few[3]);
    assertTrue(interpreted.waitFor(10, TimeUnit.MINUTES), "-Xint takes too long");
    assertEquals(0, interpreted.exitValue(), Files.readString(runs.resolve("interpreted.log")));
    assertEquals(RunFiles.of(runs.resolve("compiled")), RunFiles.of(runs.resolve("interpreted")));
  }

  @Test
  void whatWasSampledIsWhatIsTrainedOn() throws IOException {
    List<Double> mismatches = RunFiles.values(runs.resolve("first"), "exact/logprob-mismatch-max");
    assertEquals(6, mismatches.size());
    assertEquals(Set.of(0.0), new HashSet<>(mismatches));
    assertEquals(0, RunFiles.summary(runs.resolve("first")).get("logprob-mismatch/max").asDouble());
  }

  @Test
  void ratiosDifferFromOneAndTheReferenceFromThePolicy() throws IOException {
    // Else this run would prove little: two epochs must clip, the KL term must act.
    assertTrue(
        RunFiles.values(runs.resolve("first"), "policy/clip-fraction-high").stream()
            .anyMatch(f -> f > 0));
    assertTrue(RunFiles.values(runs.resolve("first"), "policy/kl").stream().anyMatch(k -> k > 0));
  }

  @Test
  void anotherSeedIsAnotherRun() throws IOException {
    CommandLineRun.train(runs, "other", "--set", "seed=8").succeeded();
    RunFiles other = RunFiles.of(runs.resolve("other"));
    assertNotEquals(first.weights(), other.weights());
    assertNotEquals(prompts("first"), prompts("other"));
  }

  @Test
  void everyCompletionIsRecorded() throws IOException {
    int lines = 0;
    for (JsonNode line : rollouts("first")) {
      lines++;
      int length = line.get("length").asInt();
      for (String key : List.of("ids", "logprobs", "trained")) {
        assertEquals(length, line.get(key).size(), key);
      }
      for (String key :
          List.of("task", "prompt", "sample", "visit", "text", "stop", "policy", "rewards")) {
        assertTrue(line.has(key), key);
      }
      assertTrue(line.get("rewards").has("accuracy") && line.get("rewards").has("format"));
    }
    double drawn =
        RunFiles.values(runs.resolve("first"), "groups/total").stream()
            .mapToDouble(v -> v * 4)
            .sum();
    assertEquals(drawn, lines);
  }

  private Set<String> prompts(String run) throws IOException {
    Set<String> prompts = new HashSet<>();
    rollouts(run).forEach(line -> prompts.add(line.get("prompt").asText()));
    return prompts;
  }

  private List<JsonNode> rollouts(String run) throws IOException {
    ObjectMapper json = new ObjectMapper();
    List<JsonNode> all = new java.util.ArrayList<>();
    try (Stream<Path> files = Files.list(runs.resolve(run).resolve("rollouts"))) {
      for (Path file : files.sorted().toList()) {
        try (BufferedReader reader =
            new BufferedReader(
                new InputStreamReader(
                    new GZIPInputStream(Files.newInputStream(file)), StandardCharsets.UTF_8))) {
          for (String line = reader.readLine(); line != null; line = reader.readLine()) {
            all.add(json.readTree(line));
          }
        }
      }
    }
    return all;
  }
}
