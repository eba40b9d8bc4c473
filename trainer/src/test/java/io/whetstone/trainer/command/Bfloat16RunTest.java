package io.whetstone.trainer.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.whetstone.checkpoints.HuggingFaceModel;
import io.whetstone.checkpoints.SafetensorsFile;
import io.whetstone.checkpoints.StoredType;
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

/** What holds of runs holds of those in bf16. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class Bfloat16RunTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String BF16 = "precision=bf16";

  private Path runs;
  private Path run;
  private RunFiles first;

  @BeforeAll
  void train(@TempDir Path directory) throws IOException {
    runs = directory;
    run = runs.resolve("first");
    CommandLineRun.train(runs, "first", "--set", BF16, "--set", "keep-checkpoints=50").succeeded();
    first = RunFiles.of(run);
  }

  @Test
  void whatWasSampledIsWhatIsTrainedOn() throws IOException {
    assertEquals(Set.of(0.0), new HashSet<>(RunFiles.values(run, "exact/logprob-mismatch-max")));
  }

  @Test
  void againWithOneThreadAndActivationsRecomputed() throws IOException {
    CommandLineRun.train(
            runs,
            "again",
            "--set",
            BF16,
            "--set",
            "threads=1",
            "--set",
            "recompute-activations=true")
        .succeeded();
    assertEquals(first, RunFiles.of(runs.resolve("again")));
  }

  @Test
  void itIsAnotherRunThanInF32() throws IOException {
    CommandLineRun.train(runs, "f32").succeeded();
    assertNotEquals(first.weights(), RunFiles.of(runs.resolve("f32")).weights());
  }

  @Test
  void resumedFromTheMiddle() throws IOException {
    CommandLineRun.train(runs, "resumed", "--set", BF16, "--set", "keep-checkpoints=50")
        .succeeded();
    Path resumed = runs.resolve("resumed");
    try (Stream<Path> checkpoints = Files.list(resumed.resolve("checkpoints"))) {
      for (Path checkpoint : checkpoints.toList()) {
        String name = checkpoint.getFileName().toString();
        if (name.matches("step-\\d+") && Integer.parseInt(name.substring(5)) > 7) {
          delete(checkpoint);
        }
      }
    }
    CommandLineRun.train(runs, "resumed", "--set", BF16, "--set", "keep-checkpoints=50", "--resume")
        .succeeded();
    assertEquals(first, RunFiles.of(resumed));
  }

  /** Drawn by one verb, scored by another: the same bits. */
  @Test
  void generateAndLogprobsAgree() throws IOException {
    Path exported = runs.resolve("exported");
    CommandLineRun.of("export", run.toString(), "--to", exported.toString(), "--precision", "bf16")
        .succeeded();
    try (SafetensorsFile file = SafetensorsFile.open(exported.resolve(HuggingFaceModel.WEIGHTS))) {
      assertTrue(file.tensors().values().stream().allMatch(t -> t.type() == StoredType.BF16));
    }
    // A run says itself that it is one in bf16.
    assertEquals(drawn(run), drawn(run, "--precision", "bf16"));
    assertNotEquals(drawn(run), drawn(run, "--precision", "f32"));
    for (String line : drawn(run).lines().toList()) {
      requireSameLogprobs(run, JSON.readTree(line));
    }
    for (String line : drawn(exported, "--precision", "bf16").lines().toList()) {
      requireSameLogprobs(exported, JSON.readTree(line), "--precision", "bf16");
    }
  }

  private static String drawn(Path model, String... more) {
    List<String> arguments =
        new ArrayList<>(List.of("generate", model.toString(), "--prompt", "3+4=?", "--json"));
    arguments.addAll(List.of("--max-tokens", "20", "--samples", "3"));
    arguments.addAll(List.of(more));
    return CommandLineRun.of(arguments.toArray(String[]::new)).succeeded().out();
  }

  private void requireSameLogprobs(Path model, JsonNode drawn, String... more) throws IOException {
    var ids = JSON.createArrayNode();
    drawn.get("prompt-ids").forEach(ids::add);
    drawn.get("ids").forEach(ids::add);
    Path file = runs.resolve("ids.jsonl");
    Files.writeString(file, JSON.createObjectNode().set("ids", ids) + "\n");
    List<String> arguments =
        new ArrayList<>(List.of("logprobs", model.toString(), "--ids", file.toString()));
    arguments.addAll(List.of(more));
    String out = CommandLineRun.of(arguments.toArray(String[]::new)).succeeded().out();
    JsonNode scored = JSON.readTree(out).get("logprobs");
    int before = drawn.get("prompt-ids").size() - 1;
    assertFalse(drawn.get("logprobs").isEmpty());
    for (int i = 0; i < drawn.get("logprobs").size(); i++) {
      assertEquals(drawn.get("logprobs").get(i), scored.get(before + i), "token " + i);
    }
  }

  private static void delete(Path directory) throws IOException {
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }
}
