package io.whetstone.gpu;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** The GRPO step of the 0.5 B shape by TRL with transformers, where a Python has them. */
final class Peer {
  private static final ObjectMapper JSON = new ObjectMapper();

  private Peer() {}

  static void run(Trial trial) throws IOException, InterruptedException {
    String python = System.getenv().getOrDefault("PYTHON", "python3");
    Path said = Files.createTempFile("gpu-check", ".peer");
    long end = System.nanoTime() + (long) (trial.seconds() * 1e9);
    if (run(said, end, python, "-c", "import torch, transformers, trl, datasets") != 0) {
      trial.figures().put("not-run", python + " has no trl, transformers, torch and datasets");
      return;
    }
    String shape = trial.small() ? "tiny" : "qwen-0.5b-gpu";
    Path script = trial.home().resolve("benchmarks/peers/peers.py");
    String device = trial.small() ? "cpu" : "cuda";
    int code = run(said, end, python, script.toString(), "trl", shape, "bf16", device);
    for (String line : Files.readAllLines(said)) {
      if (line.startsWith("{\"name\"")) {
        JsonNode row = JSON.readTree(line);
        trial.figures().put("grpo-step-seconds", row.path("value").asDouble());
        trial.figures().set("all", row.path("all"));
      }
    }
    if (code != 0) {
      throw new IllegalStateException("ended with code " + code + ": " + Child.tail(said));
    }
  }

  private static int run(Path said, long end, String... command)
      throws IOException, InterruptedException {
    Process process;
    try {
      process =
          new ProcessBuilder(List.of(command))
              .redirectErrorStream(true)
              .redirectOutput(said.toFile())
              .start();
    } catch (IOException e) {
      return -1; // there is no such program
    }
    if (!process.waitFor(end - System.nanoTime(), TimeUnit.NANOSECONDS)) {
      process.destroyForcibly();
      throw new IllegalStateException("took too long: " + Child.tail(said));
    }
    return process.exitValue();
  }
}
