package io.whetstone.trainer.loop;

import io.whetstone.generation.Completion;
import io.whetstone.rewards.Outcome;
import io.whetstone.trainer.config.Keep;
import io.whetstone.trainer.rollout.ScoredRollout;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Chooses the completions of a group that are learned from.
 *
 * @param solvedBy the reward whose outcome says what is right
 */
record KeptCompletions(Keep settings, String solvedBy) {

  /** Numbers of those that are kept, the best first where their number is bounded. */
  int[] of(ScoredRollout group) {
    List<Completion> completions = group.rollout().completions();
    double[] rewards = group.rewards();
    Set<String> seen = new HashSet<>();
    List<Integer> kept = new ArrayList<>();
    for (int i = 0; i < completions.size(); i++) {
      if (isWanted(group, i, rewards[i])
          && (!settings.distinct() || seen.add(completions.get(i).text()))) {
        kept.add(i);
      }
    }
    if (settings.best() > 0) {
      kept.sort(
          Comparator.comparingDouble((Integer i) -> -rewards[i])
              .thenComparing(i -> completions.get(i).ids().length)
              .thenComparing(i -> i));
    }
    int most = settings.best() == 0 ? kept.size() : Math.min(settings.best(), kept.size());
    return kept.subList(0, most).stream().mapToInt(Integer::intValue).toArray();
  }

  private boolean isWanted(ScoredRollout group, int i, double reward) {
    Completion completion = group.rollout().completions().get(i);
    int length = completion.ids().length;
    return !Double.isNaN(reward)
        && (!settings.correct() || group.scores().score(solvedBy, i).outcome() == Outcome.CORRECT)
        && reward >= settings.atLeast().orElse(Double.NEGATIVE_INFINITY)
        && (settings.truncated() || !completion.stop().truncated())
        && length >= settings.minTokens()
        && length <= settings.maxTokens().orElse(Integer.MAX_VALUE);
  }
}
