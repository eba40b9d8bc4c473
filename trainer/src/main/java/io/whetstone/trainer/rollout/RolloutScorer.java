package io.whetstone.trainer.rollout;

import io.whetstone.generation.Completion;
import io.whetstone.rewards.Candidate;
import io.whetstone.rewards.Group;
import io.whetstone.rewards.RewardPipeline;
import io.whetstone.rewards.ScoredGroup;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;

/** Shows groups to the rewards as they see them, and joins what they say. */
public final class RolloutScorer {
  private final RewardPipeline rewards;
  private final PromptEncoder prompts;

  /**
   * @param prompts know what a prompt already said on the assistant's behalf
   */
  public RolloutScorer(RewardPipeline rewards, PromptEncoder prompts) {
    this.rewards = rewards;
    this.prompts = prompts;
  }

  /**
   * Scores the groups, in their order.
   *
   * @param step of training, on which the rewards' weights may depend
   */
  public List<ScoredRollout> score(List<Rollout> rollouts, long step) throws InterruptedException {
    List<Group> groups = new ArrayList<>();
    List<Group> greedyOnes = new ArrayList<>();
    for (Rollout rollout : rollouts) {
      groups.add(group(rollout, rollout.completions()));
      rollout.greedy().ifPresent(greedy -> greedyOnes.add(group(rollout, List.of(greedy))));
    }
    // Apart: a reward that compares completions must not see the greedy ones among the others.
    List<ScoredGroup> scores = rewards.score(groups, step);
    Iterator<ScoredGroup> greedy = rewards.score(greedyOnes, step).iterator();
    List<ScoredRollout> scored = new ArrayList<>();
    for (int i = 0; i < rollouts.size(); i++) {
      boolean has = rollouts.get(i).greedy().isPresent();
      Optional<ScoredGroup> its = has ? Optional.of(greedy.next()) : Optional.empty();
      scored.add(new ScoredRollout(rollouts.get(i), scores.get(i), its));
    }
    return scored;
  }

  /** Completions of a rollout as the rewards see them. */
  public Group group(Rollout rollout, List<Completion> completions) {
    return new Group(
        rollout.visit().task(),
        prompts.assistantPrefix(rollout.visit().task()),
        completions.stream().map(c -> new Candidate(c.text(), c.ids(), c.stop().text())).toList());
  }
}
