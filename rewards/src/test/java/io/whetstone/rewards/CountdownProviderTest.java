package io.whetstone.rewards;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.whetstone.datasets.DatasetException;
import io.whetstone.datasets.Task;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class CountdownProviderTest {

  private static Task task(Map<String, Object> fields) {
    return new Task("t", "p", Optional.empty(), List.of(), fields);
  }

  private static final Task TASK = task(Map.of("nums", List.of(44, 19, 35), "target", 98));

  private static Outcome outcome(Map<String, Object> settings, Task task, String completion)
      throws Exception {
    Reward reward = RewardCatalog.ofClassPath().create("countdown", settings);
    return reward
        .score(new Group(task, "", List.of(Candidate.of(completion))))
        .getFirst()
        .outcome();
  }

  private static Outcome outcome(String answer) throws Exception {
    return outcome(Map.of(), TASK, "<think>44</think><answer>" + answer + "</answer>");
  }

  @Test
  void eachNumberOnceAndTheTarget() throws Exception {
    assertEquals(Outcome.CORRECT, outcome("44+19+35"));
    assertEquals(Outcome.CORRECT, outcome("(35 + 19) + 44 = 98"));
    assertEquals(Outcome.WRONG, outcome("44+19-35"));
    assertEquals(Outcome.WRONG, outcome("98"));
    assertEquals(Outcome.WRONG, outcome("44+54"));
    assertEquals(Outcome.WRONG, outcome("44+19+35+44-44"));
    assertEquals(Outcome.UNPARSEABLE, outcome("44+19+35=99"));
    assertEquals(Outcome.UNPARSEABLE, outcome("it is 98"));
    assertEquals(Outcome.UNPARSEABLE, outcome(Map.of(), TASK, "44+19+35"));
  }

  @Test
  void someMayBeLeftOverWhereAsked() throws Exception {
    Task task = task(Map.of("numbers", List.of(2, 3, 9), "goal", 6L));
    Map<String, Object> fields = Map.of("numbers", "numbers", "target", "goal");
    assertEquals(Outcome.WRONG, outcome(fields, task, "<answer>2*3</answer>"));
    assertEquals(
        Outcome.CORRECT,
        outcome(
            Map.of("numbers", "numbers", "target", "goal", "use-all", false),
            task,
            "<answer>2*3</answer>"));
  }

  @Test
  void tasksThatAreNoneAreToldApart() throws Exception {
    assertEquals(Outcome.NOT_APPLICABLE, outcome(Map.of(), task(Map.of()), "<answer>1</answer>"));
    Reward reward = RewardCatalog.ofClassPath().create("countdown", Map.of());
    for (Map<String, Object> bad :
        List.<Map<String, Object>>of(
            Map.of("nums", List.of(1, 2)),
            Map.of("nums", List.of(1.5), "target", 3),
            Map.of("nums", "1, 2", "target", 3))) {
      assertThrows(DatasetException.class, () -> reward.check(task(bad)), bad.toString());
    }
    reward.check(TASK);
    reward.check(task(Map.of()));
  }
}
