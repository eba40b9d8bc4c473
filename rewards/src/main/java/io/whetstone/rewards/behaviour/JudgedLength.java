package io.whetstone.rewards.behaviour;

import io.whetstone.datasets.Task;
import io.whetstone.rewards.Candidate;
import io.whetstone.rewards.Group;
import io.whetstone.rewards.Outcome;
import io.whetstone.rewards.Reward;
import io.whetstone.rewards.Score;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;

/**
 * Rewards a length by whether the completion is correct. Where the judge has no value, there is
 * none here either.
 */
record JudgedLength(Reward judge, Rule rule) implements Reward {

  /** What lengths are worth. */
  interface Rule {
    /**
     * A value a completion.
     *
     * @param lengths in tokens, or code points where only text is known
     * @param correct whether the completion of that length is right
     */
    double[] values(Task task, int[] lengths, boolean[] correct);

    /** Whether one value depends on the other lengths. */
    default boolean compares() {
      return false;
    }

    /** Refuses a task that can have no value. */
    default void check(Task task) {}
  }

  @Override
  public List<Score> score(Group group) throws Exception {
    List<Score> judged = judge.score(group);
    if (judged == null || judged.size() != group.candidates().size() || judged.contains(null)) {
      throw new IllegalStateException("correct-by: gave no score for each completion");
    }
    List<Integer> known = new ArrayList<>();
    for (int c = 0; c < judged.size(); c++) {
      if (judged.get(c).value().isPresent()) {
        known.add(c);
      }
    }
    int[] lengths = new int[known.size()];
    boolean[] correct = new boolean[known.size()];
    for (int k = 0; k < lengths.length; k++) {
      Candidate candidate = group.candidates().get(known.get(k));
      lengths[k] = candidate.length();
      correct[k] = judged.get(known.get(k)).value().orElseThrow() >= 1;
    }
    double[] values = rule.values(group.task(), lengths, correct);
    List<Score> scores = new ArrayList<>();
    judged.forEach(score -> scores.add(without(score)));
    for (int k = 0; k < lengths.length; k++) {
      scores.set(
          known.get(k),
          Score.scored(values[k])
              .withNote("length", Integer.toString(lengths[k]))
              .withNote("correct", Boolean.toString(correct[k])));
    }
    return scores;
  }

  /** What the judge could not say, this cannot either. */
  private static Score without(Score judged) {
    return judged.outcome() == Outcome.NOT_APPLICABLE
        ? Score.notApplicable().withNote("correct-by", "has nothing to say about this task")
        : judged;
  }

  @Override
  public void check(Task task) {
    judge.check(task);
    rule.check(task);
  }

  @Override
  public boolean comparesCandidates() {
    return rule.compares() || judge.comparesCandidates();
  }

  @Override
  public Duration patience(int candidates) {
    return judge.patience(candidates);
  }

  @Override
  public OptionalInt concurrency() {
    return judge.concurrency();
  }

  @Override
  public boolean repeats() {
    return judge.repeats();
  }

  @Override
  public void preflight() throws InterruptedException {
    judge.preflight();
  }

  @Override
  public void close() {
    judge.close();
  }
}
