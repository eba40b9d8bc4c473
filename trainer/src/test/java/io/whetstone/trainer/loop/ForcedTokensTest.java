package io.whetstone.trainer.loop;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.whetstone.datasets.Task;
import io.whetstone.generation.Completion;
import io.whetstone.generation.StopReason;
import io.whetstone.rewards.Candidate;
import io.whetstone.rewards.Group;
import io.whetstone.rewards.Score;
import io.whetstone.rewards.ScoredGroup;
import io.whetstone.trainer.algorithm.Advantages;
import io.whetstone.trainer.rollout.Rollout;
import io.whetstone.trainer.rollout.ScoredRollout;
import io.whetstone.trainer.rollout.TaskVisit;
import io.whetstone.trainer.run.RolloutRecord;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;

/** A step's recorded rollouts say which tokens were put in, and that these were not trained on. */
class ForcedTokensTest {
  @Test
  void theRecordTellsThemApart() throws IOException {
    boolean[] forced = {false, true, false};
    RolloutRecord record = RolloutRecord.read(record(forced).json());
    assertArrayEquals(forced, record.forced());
    assertArrayEquals(new boolean[] {true, false, true}, record.trained());
    assertArrayEquals(new double[] {0.5, 0, 0.5}, record.advantages());
  }

  @Test
  void whereAllWereDrawnNothingIsSaid() throws IOException {
    RolloutRecord record = record(new boolean[3]);
    assertFalse(record.json().contains("forced"));
    assertArrayEquals(new boolean[3], RolloutRecord.read(record.json()).forced());
    assertTrue(record.trained()[1]);
  }

  private static RolloutRecord record(boolean[] forced) {
    Task task = Task.of("t", "p", "a");
    Completion completion =
        new Completion(
            new int[] {5, 6, 7},
            new float[] {-1, -2, -3},
            forced,
            "567",
            StopReason.END_OF_SEQUENCE,
            0);
    ScoredRollout rollout =
        new ScoredRollout(
            new Rollout(new TaskVisit(task, 0, 0), 0, new int[] {1}, List.of(completion)),
            new ScoredGroup(
                new Group(task, "", List.of(Candidate.of("567"))),
                Map.of("accuracy", List.of(Score.correct())),
                List.of(OptionalDouble.of(1))));
    Advantages advantages =
        new Advantages(new double[][][] {{{0.5}}}, List.of(Advantages.Group.KEPT));
    return RunRecords.rollouts(
            new StepReport(Map.of(), List.of(rollout), advantages, false, 3, Optional.empty()))
        .getFirst();
  }
}
