package io.whetstone.trainer.rollout;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import io.whetstone.datasets.Task;
import io.whetstone.generation.Completion;
import io.whetstone.generation.StopReason;
import io.whetstone.model.PackedTokens;
import io.whetstone.rewards.Candidate;
import io.whetstone.rewards.Clip;
import io.whetstone.rewards.Gate;
import io.whetstone.rewards.Group;
import io.whetstone.rewards.Score;
import io.whetstone.rewards.ScoredGroup;
import io.whetstone.rewards.Terms;
import io.whetstone.rewards.Weight;
import io.whetstone.trainer.algorithm.Advantages;
import io.whetstone.trainer.algorithm.RewardBatch;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;

/** What was put into a completion is context, never a lesson. */
class SampleBuilderTest {
  private static final Completion PARTLY_FORCED =
      new Completion(
          new int[] {5, 6, 7, 8},
          new float[] {-1, -2, -3, -4},
          new boolean[] {false, true, true, false},
          "5678",
          StopReason.END_OF_SEQUENCE,
          0);

  private static SampleBuilder builder() {
    Task task = Task.of("t", "p", "a");
    List<Completion> completions = List.of(PARTLY_FORCED);
    Group group = new Group(task, "", List.of(Candidate.of("5678")));
    return new SampleBuilder(
        List.of(
            new ScoredRollout(
                new Rollout(new TaskVisit(task, 0, 0), 0, new int[] {1, 2}, completions),
                new ScoredGroup(
                    group,
                    Map.of("accuracy", List.of(Score.correct())),
                    List.of(OptionalDouble.of(1))))),
        false);
  }

  @Test
  void forcedTokensStayOutOfTheLossAndInTheContext() {
    TrainingSample sample = builder().unweighted().getFirst();
    assertArrayEquals(new boolean[] {true, false, false, true}, sample.trained());
    assertArrayEquals(PARTLY_FORCED.ids(), sample.ids());
    assertArrayEquals(PARTLY_FORCED.logprobs(), sample.logprobs());
    MicroBatch batch = new Packer(64).pack(List.of(sample)).getFirst();
    PackedTokens packed = batch.tokens();
    assertArrayEquals(new int[] {1, 2, 5, 6, 7}, packed.ids());
    assertArrayEquals(new int[] {5, 8}, batch.targets());
  }

  @Test
  void forcedTokensHaveNoAdvantage() {
    Advantages advantages =
        new Advantages(new double[][][] {{{0.5}}}, List.of(Advantages.Group.KEPT));
    TrainingSample sample = builder().build(advantages).getFirst();
    assertArrayEquals(new boolean[] {true, false, false, true}, sample.trained());
    assertArrayEquals(new float[] {0.5f, 0, 0, 0.5f}, sample.advantages());
  }

  @Test
  void estimatorsSeeEachRewardBehindItsGateAndBounds() {
    Task task = Task.of("t", "p", "a");
    Map<String, List<Score>> scores = new LinkedHashMap<>();
    scores.put("format", List.of(Score.correct(), Score.wrong(), Score.error("broken")));
    scores.put("length", List.of(Score.scored(3), Score.scored(3), Score.scored(0.5)));
    List<Completion> three = List.of(PARTLY_FORCED, PARTLY_FORCED, PARTLY_FORCED);
    ScoredRollout rollout =
        new ScoredRollout(
            new Rollout(new TaskVisit(task, 0, 0), 0, new int[] {1, 2}, three),
            new ScoredGroup(
                new Group(task, "", Collections.nCopies(3, Candidate.of("5678"))),
                scores,
                List.of(OptionalDouble.of(3), OptionalDouble.of(0), OptionalDouble.empty())));
    Terms gated =
        new Terms(
            Weight.of(2),
            Optional.of(Gate.of("format")),
            Optional.of(new Clip(-1, 1)),
            Terms.Normalize.NONE,
            0);
    RewardBatch batch =
        new SampleBuilder(List.of(rollout), false)
            .rewards(List.of(Terms.of(1), gated), 0, new double[3], new double[3][0]);
    assertArrayEquals(new double[] {1, 2}, batch.weights());
    double[][] seen =
        batch.groups().getFirst().completions().stream()
            .map(RewardBatch.Earned::values)
            .toArray(double[][]::new);
    assertArrayEquals(new double[][] {{1, 1}, {0, 0}, {Double.NaN, Double.NaN}}, seen);
  }
}
