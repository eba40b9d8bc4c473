package io.whetstone.rewards;

import io.whetstone.datasets.DatasetException;
import io.whetstone.datasets.Task;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Set;

/**
 * Scores groups by several rewards at once.
 *
 * <p>Each call of a reward with a group has its own deadline. What it returns is checked: an
 * exception, {@code null}, or another number of scores than of candidates makes every score of that
 * call an {@link Outcome#ERROR}; a passed deadline makes it a {@link Outcome#TIMEOUT} without
 * value. The result does not depend on the number of threads.
 */
public final class RewardPipeline implements AutoCloseable {

  private final List<WeightedReward> rewards;
  private final DeadlineCalls calls;

  /**
   * @param threads how many calls run at the same time
   */
  public RewardPipeline(List<WeightedReward> rewards, int threads) {
    this.rewards = List.copyOf(rewards);
    Set<String> names = new HashSet<>();
    for (WeightedReward reward : rewards) {
      if (!names.add(reward.name())) {
        throw new IllegalArgumentException("rewards: \"" + reward.name() + "\" is named twice");
      }
    }
    calls = new DeadlineCalls(threads);
  }

  public List<WeightedReward> rewards() {
    return rewards;
  }

  /**
   * Asks every reward whether it can score the task.
   *
   * @throws DatasetException if one never could
   * @throws RewardPluginException if one fails to say
   */
  public void check(Task task) {
    for (WeightedReward reward : rewards) {
      try {
        reward.reward().check(task);
      } catch (DatasetException e) {
        throw e;
      } catch (RuntimeException | LinkageError e) {
        throw new RewardPluginException(
            "reward \"%s\": failed to check task %s: %s".formatted(reward.name(), task.id(), e), e);
      }
    }
  }

  /**
   * Scores the groups, in their order.
   *
   * @throws InterruptedException if this thread is interrupted; running rewards are then
   *     interrupted too
   */
  public List<ScoredGroup> score(List<Group> groups) throws InterruptedException {
    List<DeadlineCalls.Call<List<Score>>> pending = new ArrayList<>();
    for (Group group : groups) {
      for (WeightedReward reward : rewards) {
        pending.add(new CheckedReward(reward, group));
      }
    }
    List<List<Score>> results = calls.run(pending);
    List<ScoredGroup> scored = new ArrayList<>();
    for (int g = 0; g < groups.size(); g++) {
      scored.add(
          combine(groups.get(g), results.subList(g * rewards.size(), (g + 1) * rewards.size())));
    }
    return scored;
  }

  private ScoredGroup combine(Group group, List<List<Score>> results) {
    Map<String, List<Score>> scores = new LinkedHashMap<>();
    for (int r = 0; r < rewards.size(); r++) {
      scores.put(rewards.get(r).name(), results.get(r));
    }
    List<OptionalDouble> totals = new ArrayList<>();
    for (int c = 0; c < group.candidates().size(); c++) {
      totals.add(total(results, c));
    }
    return new ScoredGroup(group, scores, totals);
  }

  private OptionalDouble total(List<List<Score>> results, int candidate) {
    double sum = 0;
    boolean any = false;
    for (int r = 0; r < rewards.size(); r++) {
      double weight = rewards.get(r).weight();
      Score score = results.get(r).get(candidate);
      if (weight == 0) {
        continue;
      }
      if (score.failed()) {
        return OptionalDouble.empty();
      }
      if (score.value().isPresent()) {
        sum += weight * score.value().getAsDouble();
        any = true;
      }
    }
    return any ? OptionalDouble.of(sum) : OptionalDouble.empty();
  }

  /** Calls that ran out of time and still have not ended, their threads lost to the process. */
  public int abandoned() {
    return calls.abandoned();
  }

  /** Interrupts what is still running; does not wait for it. */
  @Override
  public void close() {
    calls.close();
  }
}
