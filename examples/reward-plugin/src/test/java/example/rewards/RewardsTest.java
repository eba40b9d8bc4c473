package example.rewards;

import io.whetstone.datasets.Task;
import io.whetstone.rewards.contract.RewardContract;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

class RewardsTest {

  private static final Task TASK = Task.of("t", "37+58+12=?", "107");

  @TestFactory
  Stream<DynamicTest> rightSteps() {
    return RewardContract.tests(
        new RightStepsProvider().create(Map.of()),
        TASK,
        "<think>37+58=95;95+12=107</think><answer>107</answer>",
        "<think>37+58=95;95+12=117</think><answer>117</answer>");
  }

  @TestFactory
  Stream<DynamicTest> shortestRight() {
    return RewardContract.tests(
        new ShortestRightProvider().create(Map.of()),
        TASK,
        "<answer>107</answer>",
        "<think>37+58=95;95+12=107</think><answer>107</answer>");
  }
}
