package io.whetstone.rewards;

import io.whetstone.datasets.DatasetException;
import io.whetstone.datasets.Task;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
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
  private final ScoreRecord record;
  private final RewardClock clock = new RewardClock();

  /** The same without a record. */
  public RewardPipeline(List<WeightedReward> rewards, int threads) {
    this(rewards, threads, ScoreRecord.NONE);
  }

  /**
   * @param threads how many calls run at the same time, or as many as a reward asks for that waits
   *     for others to do its work
   * @param record keeps the scores that cannot be computed again
   */
  public RewardPipeline(List<WeightedReward> rewards, int threads, ScoreRecord record) {
    this.record = record;
    this.rewards = List.copyOf(rewards);
    Set<String> names = new HashSet<>();
    for (WeightedReward reward : rewards) {
      if (!names.add(reward.name())) {
        throw new IllegalArgumentException("rewards: \"" + reward.name() + "\" is named twice");
      }
    }
    for (WeightedReward reward : rewards) {
      reward.terms().gate().ifPresent(gate -> gate.requireKnown(reward.name(), names));
    }
    calls =
        new DeadlineCalls(
            rewards.stream()
                .mapToInt(reward -> reward.reward().concurrency().orElse(threads))
                .reduce(threads, Math::max));
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
   * Looks whether what the rewards depend on is there.
   *
   * @throws IllegalArgumentException {@code NAME.key: …} where it is not
   */
  public void preflight() throws InterruptedException {
    for (WeightedReward reward : rewards) {
      reward.preflight();
    }
  }

  /** Whether a completion's total depends on the others of its group. */
  public boolean comparesCandidates() {
    return rewards.stream()
        .anyMatch(
            r -> r.reward().comparesCandidates() || r.terms().normalize() == Terms.Normalize.GROUP);
  }

  /** Scores the groups, in their order, with the weights of the first step. */
  public List<ScoredGroup> score(List<Group> groups) throws InterruptedException {
    return score(groups, 0);
  }

  /**
   * Scores the groups, in their order.
   *
   * @param step of training, from 0, on which weights may depend
   * @throws InterruptedException if this thread is interrupted; running rewards are then
   *     interrupted too
   */
  public List<ScoredGroup> score(List<Group> groups, long step) throws InterruptedException {
    List<WeightedReward> prepared = groups.isEmpty() ? rewards : prepared(groups);
    List<CheckedReward> pending = new ArrayList<>();
    for (Group group : groups) {
      for (WeightedReward reward : prepared) {
        pending.add(new CheckedReward(reward, group, clock));
      }
    }
    List<List<Score>> results = new RecordedCalls(pending, record).run(calls);
    List<Map<String, List<Score>>> scores = new ArrayList<>();
    for (int g = 0; g < groups.size(); g++) {
      Map<String, List<Score>> byName = new LinkedHashMap<>();
      for (int r = 0; r < rewards.size(); r++) {
        byName.put(rewards.get(r).name(), results.get(g * rewards.size() + r));
      }
      scores.add(byName);
    }
    return new Composition(rewards, step).join(groups, scores);
  }

  /** The rewards, those that could not prepare replaced by their complaint. */
  private List<WeightedReward> prepared(List<Group> groups) throws InterruptedException {
    List<WeightedReward> prepared = new ArrayList<>();
    for (WeightedReward reward : rewards) {
      try {
        clock.time(
            reward.name(),
            () -> {
              reward.reward().prepare(groups);
              return null;
            });
        prepared.add(reward);
      } catch (InterruptedException e) {
        throw e;
      } catch (Exception | LinkageError | StackOverflowError e) {
        Reward failing = group -> Score.all(Score.error(e.toString()), group.candidates().size());
        prepared.add(new WeightedReward(reward.name(), failing, reward.terms(), reward.deadline()));
      }
    }
    return prepared;
  }

  /**
   * Seconds that each reward's calls took since this was last asked, by its name: all threads
   * together, waiting for others included. Calls that were left to themselves are booked when they
   * end.
   */
  public Map<String, Double> takeSeconds() {
    return clock.take();
  }

  /** Calls that ran out of time and still have not ended, their threads lost to the process. */
  public int abandoned() {
    return calls.abandoned();
  }

  /** Interrupts what is still running, without waiting for it, and closes the rewards. */
  @Override
  public void close() {
    calls.close();
    rewards.forEach(reward -> reward.reward().close());
  }
}
