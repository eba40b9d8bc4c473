package io.whetstone.trainer.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Budget forcing in training: exact, out of the loss, and the same after an interruption. */
class ForcedThinkingRunTest {
  private static final String[] FORCING = {
    "--set", "grpo.thinking={times: 2, again: ';', most-tokens: 10}", "--set", "grpo.staleness=1"
  };

  @TempDir Path runs;

  @Test
  void forcedTokensAreMarkedNotTrainedOnAndSurviveAnInterruption() throws IOException {
    CommandLineRun.train(runs, "whole", FORCING).succeeded();
    Path whole = runs.resolve("whole");
    assertEquals(0, RunFiles.summary(whole).get("logprob-mismatch/max").asDouble());
    assertTrue(RunFiles.values(whole, "completion/forced-share").stream().anyMatch(s -> s > 0.01));
    int forced = 0;
    for (JsonNode line : RunFiles.completions(whole)) {
      for (int t = 0; t < line.path("forced").size(); t++) {
        if (line.get("forced").get(t).asBoolean()) {
          assertFalse(line.get("trained").get(t).asBoolean(), line.toString());
          forced++;
        }
      }
    }
    assertTrue(forced > 20, forced + " tokens were put in");

    Path cut = runs.resolve("cut");
    copyUntil(10, whole, cut); // its last step trains on what was drawn before
    assertTrue(Files.isDirectory(cut.resolve("checkpoints").resolve("step-10")));
    CommandLineRun.train(runs, "cut", with(FORCING, "--resume")).succeeded();
    assertEquals(RunFiles.of(whole), RunFiles.of(cut));
  }

  private static String[] with(String[] arguments, String more) {
    return Stream.concat(Stream.of(arguments), Stream.of(more)).toArray(String[]::new);
  }

  /** Makes a run of a finished one as it stood after a checkpoint. */
  private static void copyUntil(long step, Path from, Path to) throws IOException {
    try (Stream<Path> files = Files.walk(from)) {
      List<Path> all = files.sorted().toList();
      for (Path file : all) {
        Path relative = from.relativize(file);
        boolean later =
            relative.getNameCount() > 1
                && relative.startsWith("checkpoints")
                && Long.parseLong(relative.getName(1).toString().substring("step-".length()))
                    > step;
        if (!later) {
          Files.copy(file, to.resolve(relative));
        }
      }
    }
  }
}
