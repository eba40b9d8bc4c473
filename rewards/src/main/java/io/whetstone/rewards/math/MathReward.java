package io.whetstone.rewards.math;

import io.whetstone.datasets.DatasetException;
import io.whetstone.datasets.Task;
import io.whetstone.rewards.Candidate;
import io.whetstone.rewards.Group;
import io.whetstone.rewards.Reward;
import io.whetstone.rewards.Score;
import java.util.ArrayList;
import java.util.List;

/** Scores whether each candidate's answer is mathematically the gold one. */
record MathReward(Verifier verifier) implements Reward {

  @Override
  public void check(Task task) {
    if (task.answer().isPresent()) {
      read(task);
    }
  }

  private Gold read(Task task) {
    String answer = task.answer().orElseThrow();
    try {
      return verifier.gold(answer);
    } catch (UnreadableException e) {
      String shown = answer.length() > 100 ? answer.substring(0, 100) + "…" : answer;
      throw new DatasetException(
          "task %s: answer: \"%s\" cannot be read: %s; math needs a number, a formula or words"
              .formatted(task.id(), shown, e.getMessage()));
    }
  }

  @Override
  public List<Score> score(Group group) {
    List<Candidate> candidates = group.candidates();
    if (group.task().answer().isEmpty()) {
      return candidates.stream().map(candidate -> Score.notApplicable()).toList();
    }
    Gold gold = read(group.task());
    List<Score> scores = new ArrayList<>();
    for (Candidate candidate : candidates) {
      scores.add(score(gold, candidate));
    }
    return scores;
  }

  /** A fault of ours is an error of this candidate's, not of the others', and never a 0. */
  private Score score(Gold gold, Candidate candidate) {
    try {
      return verifier.verify(gold, candidate.text()).score();
    } catch (RuntimeException | StackOverflowError e) {
      return Score.error("math: " + e);
    }
  }
}
