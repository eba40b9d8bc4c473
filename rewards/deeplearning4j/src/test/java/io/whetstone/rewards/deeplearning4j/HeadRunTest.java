package io.whetstone.rewards.deeplearning4j;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * configs/reward-models/deeplearning4j.yaml, shortened, each run in a process of its own: the
 * engine's oneDNN and ND4J bring an OpenMP each, as in any such run.
 */
class HeadRunTest {
  private static final Path CONFIGURATION =
      Path.of("..", "..", "configs", "reward-models", "deeplearning4j.yaml");

  /** What the network, its training and the reward depend on; times differ. */
  private static final List<String> SAME =
      List.of("reward-model/stop-loss", "reward/looks/mean", "policy/loss", "gradient/norm");

  private static final String CLASS_PATH = System.getProperty("java.class.path");
  private static final int SFT_STEPS = 60;

  @TempDir Path runs;

  @Test
  void aHeadIsTrainedAndPaysALaterStage() throws Exception {
    List<JsonNode> whole = train("whole");
    List<JsonNode> stages = whole.stream().filter(step -> step.has("reward-model/epochs")).toList();
    assertEquals(1, stages.size(), whole.toString());
    JsonNode fitted = stages.getFirst();
    assertTrue(fitted.get("reward-model/held-out/completions/count").asInt() >= 8);
    assertTrue(fitted.get("reward-model/epochs").asInt() >= 1);
    assertTrue(fitted.get("reward-model/stop-loss").asDouble() > 0, fitted.toString());
    Path left = runs.resolve("whole/reward-models/looks");
    assertTrue(Files.exists(left.resolve("report.json")));
    assertTrue(Files.exists(left.resolve("policy/model.safetensors")), "what it looks into");
    List<JsonNode> paid = whole.stream().filter(step -> step.has("reward/looks/mean")).toList();
    assertEquals(2, paid.size(), whole.toString());
    for (JsonNode step : paid) {
      double mean = step.get("reward/looks/mean").asDouble();
      assertTrue(mean > 0 && mean < 1, step.toString());
      assertEquals(8, step.get("system/reward-model-computed").asInt(), step.toString());
    }
    assertTrue(paid.getLast().has("watch/looks/auc"), paid.toString());

    // From the last checkpoint before the head, then from the one behind it.
    byte[] report = Files.readAllBytes(left.resolve("report.json"));
    for (int done : new int[] {SFT_STEPS, SFT_STEPS + 1}) {
      forgetAfter(done);
      Path log = runs.resolve("resumed-" + done + ".log");
      assertEquals(0, run(log, CLASS_PATH, "whole", "--resume"), () -> read(log));
      assertEquals(numbers(whole), numbers(metrics("whole")), "resumed after step " + done);
      assertArrayEquals(report, Files.readAllBytes(left.resolve("report.json")));
    }
  }

  private void forgetAfter(int step) throws IOException {
    boolean found = false;
    try (Stream<Path> all = Files.list(runs.resolve("whole/checkpoints"))) {
      for (Path checkpoint : all.toList()) {
        int its = Integer.parseInt(checkpoint.getFileName().toString().replaceAll("\\D", ""));
        found |= its == step;
        if (its > step) {
          try (Stream<Path> files = Files.walk(checkpoint)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
              Files.delete(file);
            }
          }
        }
      }
    }
    assertTrue(found, "no checkpoint after step " + step);
  }

  private static List<String> numbers(List<JsonNode> steps) {
    return steps.stream()
        .flatMap(step -> SAME.stream().map(key -> key + " " + step.get(key)))
        .toList();
  }

  private List<JsonNode> train(String name) throws Exception {
    Path log = runs.resolve(name + ".log");
    assertEquals(0, run(log, CLASS_PATH, name), () -> read(log));
    return metrics(name);
  }

  private List<JsonNode> metrics(String name) throws IOException {
    List<JsonNode> steps = new ArrayList<>();
    for (String line : Files.readAllLines(runs.resolve(name).resolve("metrics.jsonl"))) {
      steps.add(new ObjectMapper().readTree(line));
    }
    return steps;
  }

  @Test
  void withoutTheModuleItSaysHowToGetIt() throws Exception {
    String without =
        Arrays.stream(CLASS_PATH.split(java.io.File.pathSeparator))
            .filter(entry -> !entry.contains("deeplearning4j"))
            .collect(Collectors.joining(java.io.File.pathSeparator));
    Path log = runs.resolve("log");
    assertEquals(2, run(log, without, "without"));
    String said = Files.readString(log);
    assertTrue(said.contains("deeplearning4j: its module is not on the class path"), said);
    assertTrue(said.contains("mvn -pl rewards/deeplearning4j -am"), said);
    assertFalse(said.contains("\tat "), said);
    assertFalse(Files.exists(runs.resolve("without")), said);
  }

  private int run(Path log, String classPath, String name, String... more) throws Exception {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(
        List.of(
            "--add-modules=jdk.incubator.vector",
            "--enable-native-access=ALL-UNNAMED",
            "--sun-misc-unsafe-memory-access=allow",
            "-Dorg.bytedeco.javacpp.maxphysicalbytes=0",
            "-Dorg.bytedeco.javacpp.maxbytes=0",
            "-DRUST_FLAVOR=cpu",
            "-Xmx512m",
            "-cp",
            classPath,
            "io.whetstone.trainer.command.Main",
            "train",
            CONFIGURATION.toString(),
            "--runs",
            runs.toString(),
            "--run",
            name));
    for (String setting :
        List.of(
            "threads=1",
            "keep-checkpoints=9",
            "model.from-scratch.hidden=32",
            "model.from-scratch.layers=1",
            "model.from-scratch.feed-forward=64",
            "sft.steps=" + SFT_STEPS,
            "sft.batch=16",
            "sft.schedule.warmup=1",
            // Small numbers, whose sum some completions give.
            "reward-model.rollouts.tasks={synthetic: {sums: {numbers: [2, 2], values: [1, 20]}}}",
            "reward-model.rollouts.max-tokens=24",
            "reward-model.tasks-per-round=40",
            "reward-model.steps=60",
            "reward-model.head={hidden: [32], features: both}",
            "grpo.steps=2",
            "grpo.tasks-per-step=2",
            "grpo.group-size=4",
            "grpo.max-tokens=16",
            "grpo.schedule.warmup=1",
            "grpo.checkpoint-every=1",
            "evaluation.count=4",
            "evaluation.max-tokens=16")) {
      command.addAll(List.of("--set", setting));
    }
    command.addAll(List.of(more));
    Process process =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile()).start();
    try {
      assertTrue(process.waitFor(5, TimeUnit.MINUTES), () -> "still running: " + read(log));
    } finally {
      process.destroyForcibly();
    }
    return process.exitValue();
  }

  private static String read(Path log) {
    try {
      return Files.readString(log);
    } catch (IOException e) {
      return e.toString();
    }
  }
}
