package io.whetstone.rewards.code;

import io.whetstone.datasets.Task;
import io.whetstone.datasets.settings.Settings;
import io.whetstone.rewards.Group;
import io.whetstone.rewards.Reward;
import io.whetstone.rewards.RewardProvider;
import io.whetstone.rewards.Score;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * {@code code}: does the completion's code pass the task's tests?
 *
 * <p>Correct or wrong, or the share of the tests it passes with {@code credit: partial}; timeout,
 * 0, where its time ran out; unparseable where the completion has no code; not applicable to a task
 * without tests; an error, without a value, where the sandbox failed.
 */
public final class CodeProvider implements RewardProvider {

  @Override
  public String name() {
    return "code";
  }

  @Override
  public Reward create(Map<String, Object> settings) {
    return new CodeReward(CodeRunner.of(Settings.read(settings, CodeSettings.class, "")));
  }

  private record CodeReward(CodeRunner runner) implements Reward {

    @Override
    public List<Score> score(Group group) throws InterruptedException {
      Optional<TestSuite> suite = runner.suite(group.task());
      return suite.isEmpty()
          ? group.candidates().stream().map(unused -> Score.notApplicable()).toList()
          : runner.judge(group.task(), suite.get(), group.candidates()).stream()
              .map(runner::score)
              .toList();
    }

    @Override
    public void check(Task task) {
      runner.suite(task);
    }

    /** Time limits are of a clock. */
    @Override
    public boolean repeats() {
      return false;
    }

    @Override
    public Duration patience(int candidates) {
      return runner.patience(candidates);
    }

    /** More would only wait for a place in the sandbox, with their deadlines running. */
    @Override
    public OptionalInt concurrency() {
      return OptionalInt.of(runner.settings().pool());
    }
  }
}
