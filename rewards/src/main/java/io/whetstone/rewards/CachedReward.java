package io.whetstone.rewards;

import io.whetstone.datasets.Task;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;

/**
 * Remembers the last scores of a reward that looks at one completion at a time. What failed is not
 * remembered, so that it is tried again.
 */
final class CachedReward implements Reward {

  private record Key(Task task, String promptPrefix, Candidate candidate) {}

  private final Reward reward;
  private final Map<Key, Score> scores; // guarded by itself

  /**
   * @param size completions that are remembered, those used last
   */
  CachedReward(Reward reward, int size) {
    this.reward = reward;
    this.scores =
        new LinkedHashMap<>(16, 0.75f, true) {
          @Override
          protected boolean removeEldestEntry(Map.Entry<Key, Score> eldest) {
            return size() > size;
          }
        };
  }

  @Override
  public void prepare(List<Group> groups) throws Exception {
    reward.prepare(groups);
  }

  @Override
  public List<Score> score(Group group) throws Exception {
    List<Score> known = new ArrayList<>();
    Map<Key, Integer> missing = new LinkedHashMap<>();
    List<Candidate> asked = new ArrayList<>();
    for (Candidate candidate : group.candidates()) {
      Key key = new Key(group.task(), group.promptPrefix(), candidate);
      Score score = get(key);
      known.add(score);
      if (score == null && missing.putIfAbsent(key, asked.size()) == null) {
        asked.add(candidate);
      }
    }
    if (asked.isEmpty()) {
      return known;
    }
    List<Score> found = reward.score(new Group(group.task(), group.promptPrefix(), asked));
    if (found == null || found.size() != asked.size()) {
      return found; // the caller complains
    }
    for (int c = 0; c < known.size(); c++) {
      if (known.get(c) == null) {
        Key key = new Key(group.task(), group.promptPrefix(), group.candidates().get(c));
        known.set(c, put(key, found.get(missing.get(key))));
      }
    }
    return known;
  }

  private Score get(Key key) {
    synchronized (scores) {
      return scores.get(key);
    }
  }

  private Score put(Key key, Score score) {
    if (score != null && !score.failed()) {
      synchronized (scores) {
        scores.put(key, score);
      }
    }
    return score;
  }

  @Override
  public void check(Task task) {
    reward.check(task);
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
    reward.preflight();
  }

  @Override
  public void close() {
    reward.close();
  }
}
