package io.whetstone.rewards.models;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.whetstone.datasets.Task;
import io.whetstone.rewards.Candidate;
import io.whetstone.rewards.Group;
import io.whetstone.rewards.Score;
import io.whetstone.tensor.Backend;
import io.whetstone.tensor.Backends;
import io.whetstone.tensor.DType;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ScoreModelTest {
  private record Expected(int[][] ids, double[] scores) {}

  private static Path directory() {
    try {
      return Path.of(ScoreModelTest.class.getResource("classifier/config.json").toURI())
          .getParent();
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  private static Expected expected() throws IOException {
    return new ObjectMapper()
        .readValue(directory().resolve("expected.json").toFile(), Expected.class);
  }

  /** The ids after the first as a completion. */
  private static List<Scorable> scorables(Expected expected, int pad) {
    List<Scorable> all = new ArrayList<>();
    for (int[] ids : expected.ids) {
      all.add(Scorable.outcome(Arrays.copyOf(ids, 1), Arrays.copyOfRange(ids, 1, ids.length), pad));
    }
    return all;
  }

  @Test
  void readsWhatTransformersWroteAndScoresAlike() throws IOException {
    try (Backend backend = Backends.open("cpu", 1);
        ScoreModel model = ScoreModel.load(directory(), backend, DType.F32)) {
      int pad = model.tokenizer().pad().orElseThrow();
      double[][] scores = model.scores(scorables(expected(), pad), 64);
      for (int i = 0; i < scores.length; i++) {
        assertEquals(expected().scores[i], scores[i][0], 1e-4);
      }
    }
  }

  @Test
  void whatIsWrittenIsReadAgainToTheBit(@TempDir Path directory) throws IOException {
    try (Backend backend = Backends.open("cpu", 1);
        ScoreModel model = ScoreModel.load(directory(), backend, DType.F32)) {
      List<Scorable> all = scorables(expected(), model.tokenizer().pad().orElseThrow());
      double[][] before = model.scores(all, 64);
      model.save(directory.resolve("saved"));
      try (ScoreModel again = ScoreModel.load(directory.resolve("saved"), backend, DType.F32)) {
        assertArrayEquals(before, again.scores(all, 64));
        assertEquals(model.form(), again.form());
      }
      // However they are cut into batches.
      assertArrayEquals(before, model.scores(all, 1));
    }
  }

  @Test
  void aRewardIsComputedOnceForAllGroupsAndRemembered() throws IOException {
    try (Backend backend = Backends.open("cpu", 1);
        LoadedModel loaded = LoadedModel.open(directory(), backend, DType.F32, 64)) {
      ModelReward reward =
          new ModelReward(
              loaded,
              new ModelSettings(
                  Optional.empty(),
                  Optional.of(directory()),
                  ModelSettings.Output.AUTO,
                  Aggregation.MIN,
                  Optional.empty()),
              (task, tokenizer) -> tokenizer.encode(task.prompt()),
              Optional.empty());
      Task task = new Task("t", "1+2=?", Optional.of("3"), List.of(), Map.of());
      Group group =
          new Group(
              task,
              "",
              List.of(
                  Candidate.of("<answer>3</answer>"),
                  Candidate.of("<answer>4</answer>"),
                  Candidate.of("<answer>3</answer>"),
                  Candidate.of("1+".repeat(60))));
      reward.prepare(List.of(group));
      assertEquals(2, loaded.cost().take().computed());
      List<Score> scores = reward.score(group);
      assertEquals(0, loaded.cost().take().computed());
      assertEquals(scores.get(0), scores.get(2));
      assertTrue(scores.get(3).failed(), "longer than the model's positions: never a 0");
    }
  }
}
