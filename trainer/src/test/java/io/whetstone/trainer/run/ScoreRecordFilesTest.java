package io.whetstone.trainer.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.whetstone.rewards.Score;
import io.whetstone.rewards.StepScore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Scores that a step used are there when it is done again. */
class ScoreRecordFilesTest {
  private static final List<Score> FIRST =
      List.of(
          Score.scored(0.1 + 0.2).withNote("judge", "so-so \ud83d\ude00"),
          Score.timeout("too late"),
          Score.correct().withExtracted("7").withSteps(List.of(new StepScore(0, 3, 1 / 3.0))));
  private static final List<Score> SECOND = List.of(Score.wrong());

  @TempDir Path directory;

  private ScoreRecordFiles at(long step) {
    ScoreRecordFiles files = new ScoreRecordFiles(directory.resolve("scores"));
    files.at(step, "grpo");
    return files;
  }

  @Test
  void aCallThatComesAgainHasItsNextScores() {
    at(3).record(List.of(Map.entry("a", FIRST), Map.entry("b", SECOND), Map.entry("a", SECOND)));
    ScoreRecordFiles again = at(3);
    assertEquals(Optional.of(FIRST), again.recall("a"));
    assertEquals(Optional.of(SECOND), again.recall("a"));
    assertEquals(Optional.empty(), again.recall("a"));
    assertEquals(Optional.of(SECOND), again.recall("b"));
    assertEquals(Optional.empty(), at(4).recall("a"));
  }

  @Test
  void aLineThatWasCutCountsAsNotWritten() throws IOException {
    at(1).record(List.of(Map.entry("a", FIRST), Map.entry("b", SECOND)));
    Path file = directory.resolve("scores").resolve("1-grpo.jsonl");
    byte[] whole = Files.readAllBytes(file);
    Files.write(file, java.util.Arrays.copyOf(whole, whole.length - 10));
    ScoreRecordFiles resumed = at(1);
    assertEquals(Optional.of(FIRST), resumed.recall("a"));
    assertEquals(Optional.empty(), resumed.recall("b"));
    resumed.record(List.of(Map.entry("b", FIRST)));
    ScoreRecordFiles again = at(1);
    assertEquals(Optional.of(FIRST), again.recall("a"));
    assertEquals(Optional.of(FIRST), again.recall("b"));
    Files.writeString(file, "{}\n");
    assertTrue(assertThrows(RunException.class, () -> at(1)).getMessage().contains("delete it"));
  }

  @Test
  void earlierStepsAreForgotten() throws IOException {
    for (long step : new long[] {1, 2, 10}) {
      at(step).record(List.of(Map.entry("a", FIRST)));
    }
    Path stranger = Files.writeString(directory.resolve("scores").resolve("notes.txt"), "mine");
    at(10).forget(2);
    assertFalse(Files.exists(directory.resolve("scores/1-grpo.jsonl")));
    assertTrue(Files.exists(directory.resolve("scores/2-grpo.jsonl")));
    assertTrue(Files.exists(directory.resolve("scores/10-grpo.jsonl")));
    assertTrue(Files.exists(stranger));
  }
}
