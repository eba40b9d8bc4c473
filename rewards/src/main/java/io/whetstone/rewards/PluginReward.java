package io.whetstone.rewards;

import io.whetstone.datasets.Task;
import java.time.Duration;
import java.util.List;
import java.util.OptionalInt;

/**
 * A plugin's reward, run with the plugin's class loader as the thread's, so that it finds its own.
 */
record PluginReward(Reward reward, ClassLoader loader) implements Reward {

  @Override
  public void prepare(List<Group> groups) throws Exception {
    try (Within _ = new Within(loader)) {
      reward.prepare(groups);
    }
  }

  @Override
  public List<Score> score(Group group) throws Exception {
    try (Within _ = new Within(loader)) {
      return reward.score(group);
    }
  }

  @Override
  public void check(Task task) {
    try (Within _ = new Within(loader)) {
      reward.check(task);
    }
  }

  @Override
  public boolean comparesCandidates() {
    return reward.comparesCandidates();
  }

  @Override
  public Duration patience(int candidates) {
    return reward.patience(candidates);
  }

  @Override
  public OptionalInt concurrency() {
    return reward.concurrency();
  }

  @Override
  public boolean repeats() {
    return reward.repeats();
  }

  @Override
  public void preflight() throws InterruptedException {
    try (Within _ = new Within(loader)) {
      reward.preflight();
    }
  }

  @Override
  public void close() {
    try (Within _ = new Within(loader)) {
      reward.close();
    }
  }

  /** Lends the thread a context class loader until closed. */
  static final class Within implements AutoCloseable {
    private final Thread thread = Thread.currentThread();
    private final ClassLoader before = thread.getContextClassLoader();

    Within(ClassLoader loader) {
      thread.setContextClassLoader(loader);
    }

    @Override
    public void close() {
      thread.setContextClassLoader(before);
    }
  }
}
