package io.whetstone.rewards.behaviour;

import io.whetstone.datasets.Task;
import io.whetstone.rewards.Candidate;
import io.whetstone.rewards.Group;
import io.whetstone.rewards.Reward;
import io.whetstone.rewards.Score;
import java.util.ArrayList;
import java.util.List;

/** Scores each completion of a group by one part of its text. */
public record TextReward(Part part, Measure measure) implements Reward {

  /** Scores a text. */
  @FunctionalInterface
  public interface Measure {
    /**
     * The score.
     *
     * @param text the part of the candidate's text that is looked at
     */
    Score score(Task task, Candidate candidate, String text);
  }

  @Override
  public List<Score> score(Group group) {
    List<Score> scores = new ArrayList<>();
    for (Candidate candidate : group.candidates()) {
      String text = part.of(group.promptPrefix(), candidate.text());
      scores.add(measure.score(group.task(), candidate, text));
    }
    return scores;
  }
}
