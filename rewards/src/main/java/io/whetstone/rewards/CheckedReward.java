package io.whetstone.rewards;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/** One call of a reward with a group, whose result is always a list of sound scores. */
record CheckedReward(WeightedReward reward, Group group, RewardClock clock)
    implements DeadlineCalls.Call<List<Score>> {

  @Override
  public Duration deadline() {
    return reward.deadline(group.candidates().size());
  }

  @Override
  public Object worker() {
    return reward.reward();
  }

  @Override
  public int atOnce() {
    return reward.reward().concurrency().orElse(Integer.MAX_VALUE);
  }

  @Override
  public List<Score> call() throws Exception {
    List<Score> scores = clock.time(reward.name(), () -> reward.reward().score(group));
    if (scores == null) {
      return all(Score.error("null was returned, expected a list of scores"));
    }
    // Copied before it is looked at: a plugin may go on changing its list.
    List<Score> copy = new ArrayList<>(scores);
    if (copy.size() != group.candidates().size()) {
      return all(
          Score.error(
              "%d scores were returned for %d candidates"
                  .formatted(copy.size(), group.candidates().size())));
    }
    copy.replaceAll(
        score -> Objects.requireNonNullElseGet(score, () -> Score.error("the score is null")));
    return List.copyOf(copy);
  }

  @Override
  public List<Score> onTimeout() {
    return all(Score.timeout("no answer within " + deadline().toMillis() / 1000.0 + " seconds"));
  }

  @Override
  public List<Score> onFailure(Throwable failure) {
    String message;
    try {
      message = failure.toString();
    } catch (Throwable e) { // a plugin's exception is a plugin's code
      message = failure.getClass().getName();
    }
    return all(Score.error(message));
  }

  private List<Score> all(Score score) {
    return Score.all(score, group.candidates().size());
  }
}
