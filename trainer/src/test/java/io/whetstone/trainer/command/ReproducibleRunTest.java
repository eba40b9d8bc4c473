package io.whetstone.trainer.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.whetstone.datasets.Dataset;
import io.whetstone.trainer.config.Configuration;
import io.whetstone.trainer.config.Experiment;
import io.whetstone.trainer.loop.StageData;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** The same seed gives the same bytes; another seed another run. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ReproducibleRunTest {
  /** So few steps and tokens that an interpreter has the patience. */
  private static final String[] FEW = {
    "--set", "sft.steps=1", "--set", "sft.batch=2", "--set", "grpo.steps=2",
    "--set", "grpo.tasks-per-step=2", "--set", "grpo.group-size=2", "--set", "grpo.max-tokens=6",
    "--set", "evaluation.count=1", "--set", "evaluation.max-tokens=4"
  };

  private Path runs;
  private RunFiles first;
  private Process interpreted;

  @BeforeAll
  void train(@TempDir Path directory) throws IOException {
    runs = directory;
    // Beside the other tests: it takes longer than they do.
    interpreted =
        CommandLineRun.start(
            runs.resolve("interpreted.log"),
            List.of("-Xint"),
            CommandLineRun.arguments(runs, "interpreted", FEW));
    CommandLineRun.train(runs, "first").succeeded();
    first = RunFiles.of(runs.resolve("first"));
  }

  @AfterAll
  void end() {
    interpreted.destroyForcibly();
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
    CommandLineRun.train(runs, "compiled", FEW).succeeded();
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
  void heldOutTasksStayOutOfTrainingAndDependOnTheSeed() throws IOException {
    // Those that are evaluated on, and all the others that are held out.
    Set<String> heldOut = heldOut(7);
    assertFalse(heldOut.isEmpty());
    assertTrue(Collections.disjoint(prompts("first"), heldOut));
    assertNotEquals(heldOut, heldOut(8));
    CommandLineRun.train(runs, "seed-8", "--set", "seed=8").succeeded();
    assertTrue(Collections.disjoint(prompts("seed-8"), heldOut(8)));
    // What one seed holds out another one trains on: it is no accident that they are disjoint.
    assertFalse(Collections.disjoint(prompts("seed-8"), heldOut));
  }

  private static Set<String> heldOut(long seed) {
    Experiment experiment =
        Configuration.load(Path.of(CommandLineRun.tiny()), List.of()).experiment();
    Set<String> prompts = new HashSet<>();
    try (Dataset data =
        StageData.open(experiment.evaluationTasks().orElseThrow(), Path.of(""), seed)) {
      for (long i = 0; i < Math.min(1000, data.heldOut().size()); i++) {
        prompts.add(data.heldOut().task(i).prompt());
      }
    }
    return prompts;
  }

  @Test
  void everyCompletionIsRecorded() throws IOException {
    int lines = 0;
    for (JsonNode line : RunFiles.completions(runs.resolve("first"))) {
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
    RunFiles.completions(runs.resolve(run))
        .forEach(line -> prompts.add(line.get("prompt").asText()));
    return prompts;
  }
}
