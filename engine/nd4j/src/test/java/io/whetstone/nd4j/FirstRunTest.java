package io.whetstone.nd4j;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The first run, ten steps of each stage, on this backend and on the processor's, each in a process
 * of its own: ND4J and oneDNN bring an OpenMP each.
 */
class FirstRunTest {
  /** Of losses, gradients and entropies; roundings alone differ, and Adam carries them on. */
  private static final double BOUND = 1e-4;

  private static final int STEPS = 10;

  @TempDir Path runs;

  @Test
  void lossesAndGradientsAreTheProcessorsOverTenSteps() throws Exception {
    List<JsonNode> cpu = train("cpu");
    List<JsonNode> nd4j = train("nd4j");
    assertEquals(2 * STEPS, cpu.size());
    assertEquals(2 * STEPS, nd4j.size());
    for (int i = 0; i < cpu.size(); i++) {
      String what = cpu.get(i).get("stage").asText() + " step " + cpu.get(i).get("step");
      List<String> keys =
          i < STEPS
              ? List.of("sft/loss", "gradient/norm")
              : List.of("policy/loss", "policy/entropy", "gradient/norm", "reward/mean");
      for (String key : keys) {
        double expected = cpu.get(i).required(key).asDouble();
        double got = nd4j.get(i).required(key).asDouble();
        assertEquals(expected, got, BOUND * Math.max(1, Math.abs(expected)), what + " " + key);
      }
      assertTrue(nd4j.get(i).get("gradient/norm").asDouble() > 0, what);
    }
  }

  @Test
  void insistingOnExactnessIsRefused() throws Exception {
    Path log = runs.resolve("log");
    assertEquals(2, run(log, "nd4j", "--set", "exact=true"));
    String said = Files.readString(log);
    assertTrue(said.contains("exact: true: the backend nd4j does not promise"), said);
    assertFalse(said.contains("\tat "), said);
  }

  private List<JsonNode> train(String backend) throws Exception {
    Path log = runs.resolve(backend + ".log");
    assertEquals(0, run(log, backend), () -> read(log));
    List<JsonNode> steps = new ArrayList<>();
    for (String line : Files.readAllLines(runs.resolve(backend).resolve("metrics.jsonl"))) {
      JsonNode step = new ObjectMapper().readTree(line);
      if (step.has("gradient/norm")) {
        steps.add(step);
      }
    }
    return steps;
  }

  private int run(Path log, String backend, String... more) throws Exception {
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
            System.getProperty("java.class.path"),
            "io.whetstone.trainer.command.Main",
            "train",
            Path.of("..", "..", "configs", "first-run.yaml").toString(),
            "--runs",
            runs.toString(),
            "--run",
            backend));
    for (String setting :
        List.of(
            "backend=" + backend,
            "threads=1",
            "sft.steps=" + STEPS,
            "sft.batch=16",
            "sft.schedule.warmup=1",
            "grpo.steps=" + STEPS,
            "grpo.tasks-per-step=4",
            "grpo.group-size=4",
            "grpo.max-tokens=24",
            "grpo.schedule.warmup=1",
            "grpo.learning-rate=5e-5",
            // So soon nothing is right; how long it is can be told, and differs within a group.
            "grpo.rewards=[{length: {free: 2, limit: 24}}]",
            "evaluation.count=4",
            "evaluation.max-tokens=16")) {
      command.addAll(List.of("--set", setting));
    }
    command.addAll(List.of(more));
    Process process =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile()).start();
    try {
      assertTrue(process.waitFor(10, TimeUnit.MINUTES), () -> "still running: " + read(log));
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
