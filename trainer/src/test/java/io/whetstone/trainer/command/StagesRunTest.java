package io.whetstone.trainer.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.File;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** Every kind of stage: what it records, and that it goes on to the same bytes from anywhere. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class StagesRunTest {
  private Path runs;
  private Path configuration;
  private Path pairs;
  private RunFiles whole;

  @BeforeAll
  void train(@TempDir Path directory) throws IOException, URISyntaxException {
    runs = directory;
    configuration = runs.resolve("stages.yaml");
    pairs = runs.resolve("stages-pairs.jsonl");
    Files.copy(resource("stages.yaml"), configuration);
    Files.copy(resource("stages-pairs.jsonl"), pairs);
    train("whole").succeeded();
    whole = RunFiles.of(runs.resolve("whole"));
  }

  private static Path resource(String name) throws URISyntaxException {
    return new File(StagesRunTest.class.getResource("/endtoend/" + name).toURI()).toPath();
  }

  private CommandLineRun train(String name, String... more) {
    List<String> arguments =
        new ArrayList<>(
            List.of("train", configuration.toString(), "--runs", runs.toString(), "--run", name));
    arguments.addAll(List.of(more));
    return CommandLineRun.of(arguments.toArray(String[]::new));
  }

  private Stream<JsonNode> lines(String run, String stage) throws IOException {
    ObjectMapper json = new ObjectMapper();
    List<JsonNode> lines = new ArrayList<>();
    for (String line : Files.readAllLines(runs.resolve(run).resolve("metrics.jsonl"))) {
      lines.add(json.readTree(line));
    }
    return lines.stream().filter(line -> line.get("stage").asText().equals(stage));
  }

  private List<Double> values(String stage, String key) throws IOException {
    return lines("whole", stage)
        .filter(line -> line.has(key))
        .map(line -> line.get(key).asDouble())
        .toList();
  }

  /** Makes a run of the whole one as it stood after a checkpoint. */
  private void copyUntil(long step, String name) throws IOException {
    Path from = runs.resolve("whole");
    Path to = runs.resolve(name);
    try (Stream<Path> files = Files.walk(from)) {
      for (Path file : files.sorted(Comparator.naturalOrder()).toList()) {
        Path relative = from.relativize(file);
        boolean later =
            relative.getNameCount() > 1
                && relative.startsWith("checkpoints")
                && Long.parseLong(relative.getName(1).toString().substring("step-".length()))
                    > step;
        if (!later) {
          Files.copy(file, to.resolve(relative));
        }
      }
    }
  }

  @Test
  void resumedWithinEachStageItEndsWithTheSameBytes() throws IOException {
    // Rollouts waiting, a pass begun, completions kept, weights, pairs drawn, pairs read.
    for (long step : new long[] {22, 28, 32, 38, 41, 47}) {
      String name = "from-" + step;
      copyUntil(step, name);
      train(name, "--resume").succeeded();
      assertEquals(whole, RunFiles.of(runs.resolve(name)), name);
      Path last = Path.of("checkpoints", "step-48", "average.safetensors");
      assertEquals(
          -1,
          Files.mismatch(runs.resolve("whole").resolve(last), runs.resolve(name).resolve(last)),
          name);
    }
  }

  @Test
  void stalenessIsRecordedAndMismatchOnlyWhereThePolicyIsTheOneThatDrew() throws IOException {
    assertEquals(1, values("grpo", "exact/logprob-mismatch-max").size(), "step 1 only");
    assertEquals(List.of(0.0), values("grpo", "exact/logprob-mismatch-max"));
    assertEquals(6, values("grpo", "sampling/thrown-away").size());
  }

  @Test
  void greedyCompletionsAreRecordedAndNeverTrainedOn() throws IOException {
    int greedy = 0;
    for (JsonNode line : RunFiles.completions(runs.resolve("whole"))) {
      if (line.get("sample").asInt() == -1) {
        greedy++;
        assertTrue(line.get("advantage").isNull());
        line.get("trained").forEach(mark -> assertFalse(mark.asBoolean()));
      }
    }
    double groups = values("grpo", "groups/total").stream().mapToDouble(Double::doubleValue).sum();
    assertEquals(groups, greedy);
  }

  @Test
  void everyKindOfStageMeasuresWhatItDoes() throws IOException {
    assertEquals(2, values("rejection-sampling", "rejection/kept").size(), "once a round");
    assertEquals(6, values("rejection-sampling", "sft/loss").size());
    assertEquals(3, values("reward-weighted", "reward-weighted/loss").size());
    assertEquals(2, values("dpo", "dpo/pairs").size());
    assertEquals(6, values("dpo", "dpo/accuracy").size());
    List<Double> losses = values("from-file", "dpo/loss");
    assertEquals(3, losses.size());
    // At the reference: (0 − 1 / (2 β))² = 25.
    assertEquals(25, losses.getFirst(), 1e-9);
    assertTrue(losses.getLast() < losses.getFirst());
    assertTrue(values("grpo", "eval/average-pass@1").size() >= 2);
  }

  @Test
  void aLedgerIsInTheCheckpoint() throws IOException {
    Path ledger = runs.resolve("whole").resolve("checkpoints/step-25/difficulty.jsonl");
    List<String> lines = Files.readAllLines(ledger);
    assertTrue(lines.size() > 3 && lines.size() <= 10, "a line a task of the pool of 10: " + lines);
    assertTrue(lines.getFirst().contains("pass-rate"), lines.getFirst());
  }

  @Test
  void changedDataAreNoticed() throws IOException {
    copyUntil(22, "other-data");
    byte[] before = Files.readAllBytes(pairs);
    Files.writeString(pairs, Files.readString(pairs).replace("44", "45"));
    try {
      String complaint = train("other-data", "--resume").refused(2);
      assertTrue(complaint.contains("stages-pairs.jsonl: has changed"), complaint);
    } finally {
      Files.write(pairs, before);
    }
  }

  @Test
  void aRunsModelStartsAnother() throws IOException {
    Path from = runs.resolve("whole");
    Path next = runs.resolve("next.yaml");
    String yaml =
        """
        name: next
        model: {path: %s}
        stages:
          - grpo:
              tasks: {synthetic: {sums: {numbers: [2, 2], values: [1, 9]}}}
              steps: 1
              tasks-per-step: 2
              group-size: 2
              max-tokens: 8
              rewards: [accuracy]
              learning-rate: 1e-3
        """
            .formatted(from);
    Files.writeString(next, yaml);
    CommandLineRun.of("train", next.toString(), "--runs", runs.toString()).succeeded();
  }

  @Test
  void theAverageIsExported() throws IOException {
    Path to = runs.resolve("averaged");
    CommandLineRun.of("export", runs.resolve("whole").toString(), "--average", "--to", to + "")
        .succeeded();
    assertFalse(
        Arrays.equals(
            Files.readAllBytes(to.resolve("model.safetensors")),
            Files.readAllBytes(runs.resolve("whole/checkpoints/step-48/model.safetensors"))));
  }

  @Test
  void whatIsNotFiniteIsSkippedAndThenStopsTheRun() throws IOException {
    CommandLineRun run =
        CommandLineRun.of(
            CommandLineRun.arguments(
                runs,
                "infinite",
                "--set",
                "sft.learning-rate=1e30",
                "--set",
                "sft.max-skipped-steps=1",
                "--set",
                "sft.max-gradient-norm=0"));
    String complaint = run.refused(1);
    assertTrue(complaint.contains("max-skipped-steps is 1"), complaint);
    assertTrue(complaint.contains("sft, step "), complaint);
    List<String> skipped = Files.readAllLines(runs.resolve("infinite").resolve("skipped.jsonl"));
    assertEquals(2, skipped.size());
    assertTrue(skipped.getFirst().contains("\"tasks\":[\"sums/"), skipped.getFirst());
  }

  @Test
  void aStepWithAnInfiniteRewardIsSkippedAndItsRolloutsAreRecorded() throws IOException {
    CommandLineRun run =
        CommandLineRun.of(
            CommandLineRun.arguments(
                runs,
                "infinite-reward",
                "--set",
                "grpo.rewards=[{format: {mode: soft, weight: 1.7e308}}, {again: {reward: format,"
                    + " mode: soft, weight: 1.7e308}}]",
                "--set",
                "grpo.max-skipped-steps=0"));
    String complaint = run.refused(1);
    assertTrue(complaint.contains("reward is infinite, from sample "), complaint);
    assertTrue(complaint.contains(" of task sums/"), complaint);
    try (Stream<Path> rollouts = Files.list(runs.resolve("infinite-reward/rollouts"))) {
      assertTrue(rollouts.count() >= 1);
    }
  }
}
