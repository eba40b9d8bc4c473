package io.whetstone.trainer.rollout;

import io.whetstone.rewards.Candidate;
import io.whetstone.rewards.Group;
import io.whetstone.rewards.RewardPipeline;
import io.whetstone.rewards.ScoredGroup;
import java.util.ArrayList;
import java.util.List;

/** Shows groups to the rewards as they see them, and joins what they say. */
public final class RolloutScorer {
  private final RewardPipeline rewards;
  private final String assistantPrefix;

  /**
   * @param assistantPrefix what the prompt already said on the assistant's behalf
   */
  public RolloutScorer(RewardPipeline rewards, String assistantPrefix) {
    this.rewards = rewards;
    this.assistantPrefix = assistantPrefix;
  }

  /** Scores the groups, in their order. */
  public List<ScoredRollout> score(List<Rollout> rollouts) throws InterruptedException {
    List<ScoredGroup> scores = rewards.score(rollouts.stream().map(this::group).toList());
    List<ScoredRollout> scored = new ArrayList<>();
    for (int i = 0; i < rollouts.size(); i++) {
      scored.add(new ScoredRollout(rollouts.get(i), scores.get(i)));
    }
    return scored;
  }

  private Group group(Rollout rollout) {
    return new Group(
        rollout.visit().task(),
        assistantPrefix,
        rollout.completions().stream()
            .map(c -> new Candidate(c.text(), c.ids(), c.stop().text()))
            .toList());
  }
}
