package io.whetstone.trainer.rollout;

import io.whetstone.generation.Completion;
import io.whetstone.rewards.Candidate;
import io.whetstone.rewards.Group;
import io.whetstone.rewards.RewardPipeline;
import io.whetstone.rewards.ScoredGroup;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

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
    List<Group> groups = new ArrayList<>();
    rollouts.forEach(rollout -> groups.add(group(rollout, rollout.completions())));
    // Groups of their own: a reward that compares a group's completions must not see them there.
    for (Rollout rollout : rollouts) {
      rollout.greedy().ifPresent(greedy -> groups.add(group(rollout, List.of(greedy))));
    }
    List<ScoredGroup> scores = rewards.score(groups);
    List<ScoredRollout> scored = new ArrayList<>();
    int greedy = rollouts.size();
    for (int i = 0; i < rollouts.size(); i++) {
      boolean has = rollouts.get(i).greedy().isPresent();
      Optional<ScoredGroup> its = has ? Optional.of(scores.get(greedy++)) : Optional.empty();
      scored.add(new ScoredRollout(rollouts.get(i), scores.get(i), its));
    }
    return scored;
  }

  /** Completions of a rollout as the rewards see them. */
  public Group group(Rollout rollout, List<Completion> completions) {
    return new Group(
        rollout.visit().task(),
        assistantPrefix,
        completions.stream().map(c -> new Candidate(c.text(), c.ids(), c.stop().text())).toList());
  }
}
