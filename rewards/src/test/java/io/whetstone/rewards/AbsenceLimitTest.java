package io.whetstone.rewards;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.whetstone.datasets.Task;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;

class AbsenceLimitTest {

  private static ScoredGroup group(Score... scores) {
    return new ScoredGroup(
        new Group(
            Task.of("t", "p", "a"),
            "",
            Arrays.stream(scores).map(score -> Candidate.of("x")).toList()),
        Map.of("r", List.of(scores)),
        Arrays.stream(scores).map(Score::value).toList());
  }

  private static List<ScoredGroup> sound(int groups) {
    List<ScoredGroup> step = new ArrayList<>();
    for (int i = 0; i < groups; i++) {
      step.add(group(Score.correct(), Score.wrong()));
    }
    return step;
  }

  @Test
  void moreThanTheShareStopsTheRun() {
    List<ScoredGroup> step = sound(9);
    step.add(group(Score.correct(), Score.error("disk gone")));
    AbsenceLimit.DEFAULT.require(step); // 1 of 20 is 5 %, not more
    step.removeFirst();
    assertEquals(
        "rewards: 1 of 18 completions of this step have no value, more than the allowed 5.0 %:"
            + " 1 × r error {error=disk gone}",
        assertThrows(TooManyAbsentException.class, () -> AbsenceLimit.DEFAULT.require(step))
            .getMessage());
  }

  @Test
  void notApplicableIsNoFailure() {
    List<ScoredGroup> step = sound(1);
    step.add(group(Score.notApplicable(), Score.notApplicable()));
    AbsenceLimit.DEFAULT.require(step);
    assertEquals(OptionalDouble.empty(), step.getLast().totals().getFirst());
  }
}
