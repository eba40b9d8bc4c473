package io.whetstone.trainer.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.whetstone.checkpoints.Checkpoint;
import io.whetstone.checkpoints.HuggingFaceModel;
import io.whetstone.model.ModelConfig;
import io.whetstone.trainer.config.Configuration;
import io.whetstone.trainer.config.Experiment;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DiskEstimateTest {
  @TempDir static Path temporary;

  private static Path checkpoint;
  private static ModelConfig model;

  /** A checkpoint from within a stage: it has the optimizer's moments and the reference. */
  @BeforeAll
  static void train() throws IOException {
    CommandLineRun.train(temporary, "run").succeeded();
    try (Stream<Path> all = Files.list(temporary.resolve("run/checkpoints"))) {
      checkpoint =
          all.filter(one -> Files.exists(one.resolve(Checkpoint.OPTIMIZER)))
              .findFirst()
              .orElseThrow();
    }
    model = HuggingFaceModel.config(checkpoint);
  }

  private static DiskEstimate estimate(String... overrides) {
    Experiment tiny =
        Configuration.load(Path.of(CommandLineRun.tiny()), List.of(overrides)).experiment();
    return DiskEstimate.of(tiny, model, Optional.empty());
  }

  private static List<String> problems(DiskEstimate estimate, long free) {
    Findings findings = Findings.silent();
    estimate.report(Path.of("/somewhere"), free, findings);
    return findings.problems();
  }

  @Test
  void aCheckpointTakesWhatIsForeseen() throws IOException {
    long bytes = 0;
    try (Stream<Path> files = Files.list(checkpoint)) {
      for (Path file : files.filter(f -> f.toString().endsWith(".safetensors")).toList()) {
        bytes += Files.size(file);
      }
    }
    long foreseen = estimate().checkpoint();
    // Headers with the tensors' names are a good part of files as small as these.
    assertTrue(bytes >= foreseen && bytes < 1.5 * foreseen, bytes + " of " + foreseen);
  }

  @Test
  void whatIsKeptAndWrittenCounts() {
    long numbers = model.parameters();
    assertEquals(new DiskEstimate(16 * numbers, 4), estimate());
    assertEquals(new DiskEstimate(14 * numbers, 4), estimate("precision=bf16"));
    assertEquals(new DiskEstimate(12 * numbers, 4), estimate("grpo.kl={coefficient: 0}"));
    assertEquals(
        new DiskEstimate(20 * numbers, 7), estimate("average={decay: 0.9}", "keep-checkpoints=5"));
  }

  @Test
  void aDiskWithoutRoomForOneIsAProblem() {
    DiskEstimate estimate = new DiskEstimate(6L << 30, 4);
    assertEquals(List.of(), problems(estimate, 6L << 30));
    assertEquals(
        List.of(
            "disk: checkpoints of 6.0 GiB, up to 4 at once; 5.0 GiB free at /somewhere: make room,"
                + " or name another place with --runs"),
        problems(estimate, 5L << 30));
  }
}
