package io.whetstone.trainer.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.whetstone.checkpoints.SafetensorsFile;
import io.whetstone.checkpoints.StoredTensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** Updates are approximate with moments in 8 bits; what is exact of a run stays so. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class EightBitMomentsRunTest {
  /** Gate and up together are 256 × 16 numbers: the smallest tensor whose moments are coded. */
  private static final String[] SETTINGS = {
    "--set", "sft.moments=eight-bit",
    "--set", "grpo.moments=eight-bit",
    "--set", "model.from-scratch.feed-forward=128",
    "--set", "keep-checkpoints=50"
  };

  private Path runs;
  private RunFiles first;

  @BeforeAll
  void train(@TempDir Path directory) throws IOException {
    runs = directory;
    CommandLineRun.train(runs, "first", SETTINGS).succeeded();
    first = RunFiles.of(runs.resolve("first"));
  }

  @Test
  void whatWasSampledIsWhatIsTrainedOn() throws IOException {
    Path run = runs.resolve("first");
    assertEquals(Set.of(0.0), new HashSet<>(RunFiles.values(run, "exact/logprob-mismatch-max")));
  }

  @Test
  void checkpointsHoldCodes() throws IOException {
    Path file = runs.resolve("first/checkpoints/step-8/optimizer.safetensors");
    try (SafetensorsFile stored = SafetensorsFile.open(file)) {
      Map<String, StoredTensor> tensors = stored.tensors();
      for (String moment : new String[] {"first-moment.", "second-moment."}) {
        String layer = moment + "model.layers.0.";
        assertEquals("U8 [16 × 260]", tensors.get(layer + "mlp.gate_up_proj.weight").toString());
        assertEquals("F32 [16 × 128]", tensors.get(layer + "mlp.down_proj.weight").toString());
        assertEquals("F32 [16]", tensors.get(layer + "input_layernorm.weight").toString());
      }
    }
  }

  /** And with another number of threads; in between, with other moments, it is refused. */
  @Test
  void resumedFromTheMiddle() throws IOException {
    CommandLineRun.train(runs, "resumed", SETTINGS).succeeded();
    Path resumed = runs.resolve("resumed");
    try (Stream<Path> checkpoints = Files.list(resumed.resolve("checkpoints"))) {
      for (Path checkpoint : checkpoints.toList()) {
        String name = checkpoint.getFileName().toString();
        if (name.matches("step-\\d+") && Integer.parseInt(name.substring(5)) > 7) {
          delete(checkpoint);
        }
      }
    }
    String refused = resume("--set", "grpo.moments=f32").refused(2);
    assertTrue(refused.contains("grpo.moments: eight-bit → f32"), refused);
    resume("--set", "threads=1").succeeded();
    assertEquals(first, RunFiles.of(resumed));
  }

  private CommandLineRun resume(String... more) {
    return CommandLineRun.train(
        runs,
        "resumed",
        Stream.of(SETTINGS, more, new String[] {"--resume"})
            .flatMap(Stream::of)
            .toArray(String[]::new));
  }

  private static void delete(Path directory) throws IOException {
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }
}
