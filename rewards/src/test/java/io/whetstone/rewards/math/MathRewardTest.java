package io.whetstone.rewards.math;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.whetstone.datasets.DatasetException;
import io.whetstone.datasets.Task;
import io.whetstone.rewards.Candidate;
import io.whetstone.rewards.Group;
import io.whetstone.rewards.Reward;
import io.whetstone.rewards.RewardCatalog;
import io.whetstone.rewards.Score;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MathRewardTest {

  private static Reward math(Map<String, Object> settings) {
    return RewardCatalog.ofClassPath().create("math", settings);
  }

  @Test
  void aGroupIsScoredAgainstOneGoldAnswer() throws Exception {
    Group group =
        new Group(
            Task.of("t", "p", "\\frac{1}{2}"),
            "",
            List.of(
                Candidate.of("<think>a</think><answer>0.5</answer>"),
                Candidate.of("The answer is $\\frac{2}{3}$."),
                Candidate.of("\\boxed{1/}"),
                Candidate.of("I give up")));
    assertEquals(
        List.of(
            Score.correct().withExtracted("0.5"),
            Score.wrong().withExtracted("\\frac{2}{3}"),
            Score.unparseable()
                .withExtracted("1/")
                .withNote("math", "found the end where a value was expected"),
            Score.unparseable()
                .withExtracted("I give up")
                .withNote("math", "words, and no answer among them")),
        math(Map.of()).score(group));
  }

  @Test
  void withoutGoldAnswerThereIsNothingToSay() throws Exception {
    Task task = new Task("t", "p", Optional.empty(), List.of(), Map.of());
    math(Map.of()).check(task);
    assertEquals(
        List.of(Score.notApplicable()),
        math(Map.of()).score(new Group(task, "", List.of(Candidate.of("5")))));
  }

  @Test
  void anUnreadableGoldAnswerIsADataError() {
    Task task = Task.of("gsm/7", "p", "\\frac{1}{");
    String message =
        "task gsm/7: answer: \"\\frac{1}{\" cannot be read: found the end where a value was"
            + " expected; math needs a number, a formula or words";
    assertEquals(
        message,
        assertThrows(DatasetException.class, () -> math(Map.of()).check(task)).getMessage());
    Group group = new Group(task, "", List.of(Candidate.of("5")));
    assertThrows(DatasetException.class, () -> math(Map.of()).score(group));
  }

  @Test
  void placesAndDecimalsAreSettings() throws Exception {
    Group group =
        new Group(Task.of("t", "p", "\\pi"), "", List.of(Candidate.of("\\boxed{3} is about 3.14")));
    assertEquals(
        List.of(Score.correct().withExtracted("3.14")),
        math(Map.of("extract", List.of("last"), "decimals", 2)).score(group));
    assertEquals(List.of(Score.wrong().withExtracted("3")), math(Map.of()).score(group));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "decimals|0|math.decimals: 0 is not in [1, 30]",
        "steps|5|math.steps: 5 is not 1000 or more",
        "decimal|5|math.decimal: is not known; did you mean decimals? known: decimals, extract,"
            + " limit, steps",
      })
  void settingsAreChecked(String key, int value, String message) {
    assertEquals(
        message,
        assertThrows(IllegalArgumentException.class, () -> math(Map.of(key, value))).getMessage());
  }
}
