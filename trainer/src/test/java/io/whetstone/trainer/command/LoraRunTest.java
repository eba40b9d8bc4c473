package io.whetstone.trainer.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.whetstone.checkpoints.AdaptedModel;
import io.whetstone.checkpoints.HuggingFaceModel;
import io.whetstone.checkpoints.PeftAdapter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** What holds of runs holds of those that train adapters, with a reference policy besides. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class LoraRunTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  private Path runs;
  private Path base;
  private Path run;
  private RunFiles first;

  @BeforeAll
  void train(@TempDir Path directory) throws IOException {
    runs = directory;
    CommandLineRun.train(runs, "whole", "--set", "grpo.steps=1").succeeded();
    base = runs.resolve("base");
    CommandLineRun.of("export", runs.resolve("whole").toString(), "--to", base.toString())
        .succeeded();
    Path config = base.resolve(HuggingFaceModel.CONFIG);
    Files.writeString(config, Files.readString(config).replaceFirst("\\{", "{ \"mine\": [1],"));
    run = runs.resolve("first");
    train("first").succeeded();
    first = RunFiles.of(run);
  }

  private CommandLineRun train(String name, String... more) {
    List<String> arguments =
        new ArrayList<>(
            List.of("--set", "model={path: " + base + ", lora: {rank: 4, rslora: true}}"));
    arguments.addAll(List.of("--set", "precision=bf16", "--set", "keep-checkpoints=50"));
    arguments.addAll(List.of(more));
    return CommandLineRun.train(runs, name, arguments.toArray(String[]::new));
  }

  @Test
  void whatWasSampledIsWhatIsTrainedOn() throws IOException {
    assertEquals(Set.of(0.0), new HashSet<>(RunFiles.values(run, "exact/logprob-mismatch-max")));
    assertTrue(RunFiles.values(run, "policy/kl").stream().anyMatch(k -> k > 0));
  }

  @Test
  void againWithOneThreadAndActivationsRecomputed() throws IOException {
    train("again", "--set", "threads=1", "--set", "recompute-activations=true").succeeded();
    assertEquals(first, RunFiles.of(runs.resolve("again")));
  }

  @Test
  void resumedFromTheMiddle() throws IOException {
    train("resumed").succeeded();
    Path resumed = runs.resolve("resumed");
    try (Stream<Path> checkpoints = Files.list(resumed.resolve("checkpoints"))) {
      for (Path checkpoint : checkpoints.toList()) {
        String name = checkpoint.getFileName().toString();
        if (name.matches("step-\\d+") && Integer.parseInt(name.substring(5)) > 7) {
          delete(checkpoint);
        }
      }
    }
    train("resumed", "--resume").succeeded();
    assertEquals(first, RunFiles.of(resumed));
    Path weights = base.resolve(HuggingFaceModel.WEIGHTS);
    byte[] before = Files.readAllBytes(weights);
    byte[] changed = before.clone();
    changed[changed.length - 1] ^= 1;
    try {
      Files.write(weights, changed);
      String refused = train("resumed", "--resume").refused(2);
      assertTrue(refused.contains(weights + ": has changed"), refused);
    } finally {
      Files.write(weights, before);
    }
  }

  @Test
  void aCheckpointHoldsTheAdapterAlone() throws IOException {
    try (Stream<Path> checkpoints = Files.list(run.resolve("checkpoints"))) {
      for (Path checkpoint : checkpoints.filter(Files::isDirectory).toList()) {
        assertTrue(PeftAdapter.isAt(checkpoint));
        assertFalse(Files.exists(checkpoint.resolve(HuggingFaceModel.WEIGHTS)));
        assertEquals(
            AdaptedModel.at(base.toString()), PeftAdapter.read(checkpoint).base().orElseThrow());
      }
    }
  }

  @Test
  void generateAndLogprobsAgree() throws IOException {
    String out =
        CommandLineRun.of("generate", run.toString(), "--prompt", "3+4=?", "--json")
            .succeeded()
            .out();
    JsonNode drawn = JSON.readTree(out);
    var ids = JSON.createArrayNode();
    drawn.get("prompt-ids").forEach(ids::add);
    drawn.get("ids").forEach(ids::add);
    Path file = runs.resolve("ids.jsonl");
    Files.writeString(file, JSON.createObjectNode().set("ids", ids) + "\n");
    JsonNode scored = JSON.readTree(logprobs(run, file)).get("logprobs");
    int start = drawn.get("prompt-ids").size() - 1;
    for (int i = 0; i < drawn.get("logprobs").size(); i++) {
      assertEquals(drawn.get("logprobs").get(i), scored.get(start + i), "token " + i);
    }
    assertNotEquals(logprobs(base, file), logprobs(run, file));
  }

  private static String logprobs(Path model, Path ids) {
    return logprobs(model, ids, "bf16");
  }

  private static String logprobs(Path model, Path ids, String precision) {
    return CommandLineRun.of(
            "logprobs", model.toString(), "--ids", ids.toString(), "--precision", precision)
        .succeeded()
        .out();
  }

  @Test
  void exportedAloneAndMerged() throws IOException {
    Path ids = runs.resolve("some.jsonl");
    Files.writeString(ids, "{\"ids\": [1, 2, 3, 4, 5, 6, 7, 8]}\n");
    Path alone = runs.resolve("alone");
    export(alone, "--format", "peft");
    assertEquals(logprobs(run, ids), logprobs(alone, ids));
    Path merged = runs.resolve("merged");
    export(merged, "--merge", "--max-shard-size", "4KB");
    assertTrue(Files.exists(merged.resolve("model.safetensors.index.json")));
    assertEquals(
        Files.readString(base.resolve(HuggingFaceModel.CONFIG)),
        Files.readString(merged.resolve(HuggingFaceModel.CONFIG)));
    double[] apart = numbers(logprobs(run, ids, "f32"));
    double[] together = numbers(logprobs(merged, ids, "f32"));
    for (int i = 0; i < apart.length; i++) {
      assertEquals(apart[i], together[i], 1e-5);
    }
    assertTrue(Files.readString(merged.resolve("README.md")).contains("LoRA of rank 4"));
    CommandLineRun unmerged =
        CommandLineRun.of("export", run.toString(), "--to", runs.resolve("x").toString());
    assertTrue(unmerged.refused(2).contains("--merge"));

    String onwards = "model={path: " + base + ", adapter: " + alone + "}";
    CommandLineRun.train(runs, "onwards", "--set", onwards, "--set", "grpo.steps=1").succeeded();
    assertEquals(
        PeftAdapter.read(alone).lora(), PeftAdapter.read(newest(runs.resolve("onwards"))).lora());
  }

  private void export(Path to, String... more) {
    List<String> arguments =
        new ArrayList<>(List.of("export", run.toString(), "--to", to.toString()));
    arguments.addAll(List.of(more));
    CommandLineRun.of(arguments.toArray(String[]::new)).succeeded();
  }

  private static Path newest(Path run) throws IOException {
    try (Stream<Path> checkpoints = Files.list(run.resolve("checkpoints"))) {
      return checkpoints
          .max(Comparator.comparingInt(c -> Integer.parseInt(c.toString().replaceAll(".*-", ""))))
          .orElseThrow();
    }
  }

  private static double[] numbers(String line) throws IOException {
    JsonNode logprobs = JSON.readTree(line).get("logprobs");
    double[] numbers = new double[logprobs.size()];
    java.util.Arrays.setAll(numbers, i -> logprobs.get(i).asDouble());
    return numbers;
  }

  @Test
  void whatCannotBeIsRefused() {
    assertTrue(refused("{path: " + base + ", lora: {dropout: 0.05}}").contains("exact: false"));
    assertTrue(refused("{path: " + base + ", lora: {targets: [w_proj]}}").contains("w_proj"));
    assertTrue(refused("{path: " + base + ", lora: {modules-to-save: [x]}}").contains("rslora"));
    assertTrue(refused("{path: " + run + ", lora: {}}").contains("--merge"));
    assertTrue(
        refused("{path: " + base + ", lora: {}}", "--set", "grpo.kl.refresh-mix=0.5")
            .contains("grpo.kl.refresh-mix"));
  }

  private String refused(String model, String... more) {
    List<String> arguments = new ArrayList<>(List.of("--set", "model=" + model));
    arguments.addAll(List.of(more));
    return CommandLineRun.train(runs, "refused", arguments.toArray(String[]::new)).refused(2);
  }

  @Test
  void dropoutTrainsOn() throws IOException {
    train(
            "dropout",
            "--set",
            "exact=false",
            "--set",
            "model.lora.dropout=0.2",
            "--set",
            "threads=1")
        .succeeded();
    assertTrue(
        RunFiles.values(runs.resolve("dropout"), "exact/logprob-mismatch-max").stream()
            .anyMatch(m -> m > 0));
  }

  private static void delete(Path directory) throws IOException {
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }
}
