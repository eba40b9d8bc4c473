package io.whetstone.rewards.contract;

import io.whetstone.datasets.Task;
import io.whetstone.rewards.Reward;
import io.whetstone.rewards.RewardCatalog;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicContainer;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.TestFactory;

/** The built-in rewards hold what plugins must. */
class BuiltInContractTest {

  private record Case(String reward, Map<String, Object> settings, String perfect, String wrong) {}

  private static final String GOOD =
      "<think>First, we add the numbers together. Next, wait, we check. Finally, it is two.</think>"
          + "<answer>2</answer>";

  private static final List<Case> CASES =
      List.of(
          new Case("format", Map.of(), GOOD, "2"),
          new Case("format-soft", Map.of(), GOOD, "2"),
          new Case("accuracy", Map.of(), GOOD, "<answer>3</answer>"),
          new Case("countdown", Map.of(), "<answer>1+1</answer>", "<answer>2</answer>"),
          new Case("tags", Map.of(), GOOD, "2"),
          new Case("steps", Map.of(), GOOD, "2"),
          new Case("boxed", Map.of(), "\\boxed{2}", "2"),
          new Case("repetition", Map.of(), "a b c d", "a a a a a a"),
          new Case("cosine-length", Map.of(), "<answer>2</answer>", "<answer>3</answer>"),
          new Case("length-budget", Map.of(), "<answer>2</answer>", "<answer>3</answer>"),
          new Case("overlong", Map.of("max-length", 100, "buffer", 50), "2", "2".repeat(200)),
          new Case("language", Map.of("target", "en"), GOOD, "<think>我们把两个数字相加</think>"),
          new Case("language-mixing", Map.of(), GOOD, "<think>we add 相加</think>"),
          new Case("ifeval", Map.of(), "no commas here", "a, b"),
          new Case("json-schema", Map.of(), "{\"a\": 1}", "{}"));

  private static final Task TASK =
      new Task(
          "t",
          "1+1=?",
          Optional.of("2"),
          List.of(),
          Map.of(
              "budget",
              18,
              "nums",
              List.of(1, 1),
              "target",
              2,
              "instruction_id_list",
              List.of("punctuation:no_comma"),
              "schema",
              Map.of("type", "object", "required", List.of("a"))));

  @TestFactory
  Stream<DynamicNode> keepTheContract() {
    return CASES.stream()
        .map(
            each -> {
              Reward reward = RewardCatalog.ofClassPath().create(each.reward(), each.settings());
              return DynamicContainer.dynamicContainer(
                  each.reward(), RewardContract.tests(reward, TASK, each.perfect(), each.wrong()));
            });
  }
}
