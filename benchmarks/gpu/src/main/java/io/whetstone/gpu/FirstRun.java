package io.whetstone.gpu;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * {@code configs/first-run.yaml} on the device, as far as it gets in the time that there is: a run
 * that is stopped makes a checkpoint and a summary.
 */
final class FirstRun {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final long TO_END_SECONDS = 20;

  /** As {@code trainer.command.Whetstone} has it. */
  private static final int INTERRUPTED = 130;

  private FirstRun() {}

  static void run(Trial trial) throws IOException, InterruptedException {
    Path runs = Files.createTempDirectory("gpu-check");
    List<String> arguments =
        new ArrayList<>(
            List.of(
                "train",
                trial.home().resolve("configs/first-run.yaml").toString(),
                "--runs",
                runs.toString(),
                "--run",
                "first-run",
                "--set",
                "backend=" + trial.backend()));
    if (trial.small()) {
      arguments.addAll(small());
    }
    Path said = runs.resolve("said");
    long begin = System.nanoTime();
    Process process = Child.start("io.whetstone.trainer.command.Main", said, arguments);
    long seconds = (long) trial.seconds() - TO_END_SECONDS - 5;
    boolean ended = process.waitFor(Math.max(1, seconds), TimeUnit.SECONDS);
    if (!ended) {
      process.destroy(); // SIGTERM: it saves and ends
      if (!process.waitFor(TO_END_SECONDS, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    }
    trial.figures().put("seconds", (System.nanoTime() - begin) * 1e-9);
    trial.figures().put("to-the-end", ended);
    Path run = runs.resolve("first-run");
    if (Files.exists(run.resolve("metrics.jsonl"))) {
      metrics(trial, Files.readAllLines(run.resolve("metrics.jsonl")));
    }
    if (Files.exists(run.resolve("summary.json"))) {
      trial.figures().set("summary", JSON.readTree(run.resolve("summary.json").toFile()));
    }
    int code = process.waitFor();
    if (code != 0 && code != INTERRUPTED) {
      throw new IllegalStateException("ended with code " + code + ": " + Child.tail(said));
    }
    if (trial.figures().path("logprob-mismatch-max").asDouble(0) > 0) {
      throw new IllegalStateException("logprobs of sampling and training differ");
    }
  }

  private static List<String> small() {
    List<String> settings = new ArrayList<>();
    for (String setting :
        List.of(
            "sft.steps=3",
            "sft.batch=4",
            "sft.schedule.warmup=1",
            "grpo.schedule.warmup=1",
            "grpo.steps=2",
            "grpo.tasks-per-step=2",
            "grpo.group-size=2",
            "grpo.max-tokens=12",
            "evaluation.count=2",
            "evaluation.max-tokens=8",
            "model.from-scratch.hidden=16",
            "model.from-scratch.layers=1",
            "model.from-scratch.feed-forward=24")) {
      settings.add("--set");
      settings.add(setting);
    }
    return settings;
  }

  private static void metrics(Trial trial, List<String> lines) throws IOException {
    double most = 0;
    for (String line : lines) {
      JsonNode step = JSON.readTree(line);
      most = Math.max(most, step.path("exact/logprob-mismatch-max").asDouble(0));
    }
    trial.figures().put("steps", lines.size());
    trial.figures().put("logprob-mismatch-max", most);
  }
}
