package io.whetstone.gpu;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * The GRPO step of the 0.5 B shape by TRL, where a Python has it, else by transformers and torch
 * alone.
 */
final class Peer {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** Prints which of the modules there are, without loading them. */
  private static final String MODULES =
      "import importlib.util as u; print(' '.join(m for m in"
          + " ('torch', 'transformers', 'trl', 'datasets') if u.find_spec(m)))";

  private Peer() {}

  static void run(Trial trial) throws IOException, InterruptedException {
    String python = System.getenv().getOrDefault("PYTHON", "python3");
    long end = System.nanoTime() + (long) (trial.seconds() * 1e9);
    List<String> modules = modules(python, end);
    if (!modules.containsAll(List.of("torch", "transformers"))) {
      trial.figures().put("not-run", python + " has no torch and transformers");
      return;
    }
    if (modules.containsAll(List.of("trl", "datasets"))) {
      trial.figures().put("by", "trl");
      String failed = measure(trial, python, "trl", end);
      if (failed.isEmpty() || trial.figures().has("grpo-step-seconds")) {
        require(failed);
        return;
      }
      trial.figures().put("trl-failed", failed);
    }
    trial.figures().put("by", "transformers and torch, without trl");
    require(measure(trial, python, "grpo", end));
  }

  private static List<String> modules(String python, long end)
      throws IOException, InterruptedException {
    Path said = Files.createTempFile("gpu-check", ".modules");
    int code = run(said, end, python, "-c", MODULES);
    List<String> lines = Child.text(said).lines().toList();
    return code != 0 || lines.isEmpty() ? List.of() : List.of(lines.getLast().split(" "));
  }

  /** Puts down what was measured, also where it did not come to its end; gives why it did not. */
  private static String measure(Trial trial, String python, String who, long end)
      throws IOException, InterruptedException {
    Path said = Files.createTempFile("gpu-check", ".peer");
    String shape = trial.small() ? "tiny" : "qwen-0.5b-gpu";
    Path script = trial.home().resolve("benchmarks/peers/peers.py");
    String device = trial.small() ? "cpu" : "cuda";
    String failed = "";
    try {
      int code = run(said, end, python, script.toString(), who, shape, "bf16", device);
      failed = code == 0 ? "" : "ended with code " + code + ": " + Child.tail(said);
    } catch (IllegalStateException e) {
      failed = e.getMessage();
    }
    for (String line : Child.text(said).lines().toList()) {
      if (line.startsWith("{\"name\"") && line.endsWith("}")) {
        JsonNode row = JSON.readTree(line);
        trial.figures().put("grpo-step-seconds", row.path("value").asDouble());
        trial.figures().set("all", row.path("all"));
      }
    }
    return failed;
  }

  private static void require(String failed) {
    if (!failed.isEmpty()) {
      throw new IllegalStateException(failed);
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
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly();
      throw new IllegalStateException("took too long: " + Child.tail(said));
    }
    return process.exitValue();
  }
}
