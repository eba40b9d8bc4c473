package io.whetstone.trainer.loop;

import io.whetstone.rewards.AbsenceLimit;
import io.whetstone.trainer.config.Grpo;
import io.whetstone.trainer.rollout.Rollout;
import io.whetstone.trainer.rollout.RolloutSampler;
import io.whetstone.trainer.rollout.RolloutScorer;
import io.whetstone.trainer.rollout.ScoredRollout;
import io.whetstone.trainer.rollout.TaskStream;
import java.util.ArrayList;
import java.util.List;

/**
 * Draws and scores a step's groups; with dynamic sampling (DAPO, Yu et al. 2025, §3.2) draws
 * further tasks in place of groups whose rewards are all alike, for a bounded number of rounds.
 */
final class Collector {
  private final TaskStream tasks;
  private final RolloutSampler rollouts;
  private final RolloutScorer scorer;
  private final Grpo settings;

  Collector(TaskStream tasks, RolloutSampler rollouts, RolloutScorer scorer, Grpo settings) {
    this.tasks = tasks;
    this.rollouts = rollouts;
    this.scorer = scorer;
    this.settings = settings;
  }

  /**
   * Every group drawn for the step, useful or not, in the order drawn.
   *
   * @throws io.whetstone.rewards.TooManyAbsentException when too many rewards failed
   */
  List<ScoredRollout> collect(Timer timer) throws InterruptedException {
    int rounds =
        settings.dynamicSampling().enabled() ? settings.dynamicSampling().maxAttempts() : 1;
    List<ScoredRollout> collected = new ArrayList<>();
    int missing = settings.tasksPerStep();
    for (int round = 0; round < rounds && missing > 0; round++) {
      List<Rollout> drawn = rollouts.draw(tasks.next(missing), round);
      timer.lap("rollout");
      List<ScoredRollout> scored = scorer.score(drawn);
      timer.lap("reward");
      missing -= (int) scored.stream().filter(Collector::teaches).count();
      collected.addAll(scored);
    }
    AbsenceLimit.DEFAULT.usable(collected.stream().map(ScoredRollout::scores).toList());
    return collected;
  }

  /** Whether two completions of the group have different rewards. */
  private static boolean teaches(ScoredRollout scored) {
    double least = Double.POSITIVE_INFINITY;
    double most = Double.NEGATIVE_INFINITY;
    for (double reward : scored.rewards()) {
      if (!Double.isNaN(reward)) {
        least = Math.min(least, reward);
        most = Math.max(most, reward);
      }
    }
    return least < most;
  }
}
