package io.whetstone.trainer.loop;

import io.whetstone.rewards.AbsenceLimit;
import io.whetstone.rewards.TooManyAbsentException;
import io.whetstone.trainer.config.DynamicSampling;
import io.whetstone.trainer.rollout.DifficultyLedger;
import io.whetstone.trainer.rollout.Rollout;
import io.whetstone.trainer.rollout.RolloutSampler;
import io.whetstone.trainer.rollout.RolloutScorer;
import io.whetstone.trainer.rollout.ScoredRollout;
import io.whetstone.trainer.rollout.TaskStream;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * Draws and scores a step's groups; with dynamic sampling (DAPO, Yu et al. 2025, §3.2) draws
 * further tasks in place of groups that teach nothing, for a bounded number of rounds.
 */
final class Collector {
  private final TaskStream tasks;
  private final RolloutSampler rollouts;
  private final RolloutScorer scorer;
  private final DynamicSampling settings;
  private final PassRates passRates;
  private final DifficultyLedger ledger;

  /**
   * @param ledger told what was measured of each task
   */
  Collector(
      TaskStream tasks,
      RolloutSampler rollouts,
      RolloutScorer scorer,
      DynamicSampling settings,
      PassRates passRates,
      DifficultyLedger ledger) {
    this.tasks = tasks;
    this.rollouts = rollouts;
    this.scorer = scorer;
    this.settings = settings;
    this.passRates = passRates;
    this.ledger = ledger;
  }

  /**
   * Draws the groups of a step.
   *
   * @param wanted groups the step trains on, where so many are found
   * @param step of training, on which the rewards' weights may depend
   * @throws StoppedStepException with what was drawn, when too many rewards failed
   */
  Collected collect(int wanted, int step, Timer timer) throws InterruptedException {
    List<ScoredRollout> collected = new ArrayList<>();
    List<Collected.Fate> fates = new ArrayList<>();
    int rounds = settings.enabled() ? settings.maxAttempts() : 1;
    int missing = wanted;
    int attempt = 0;
    for (; attempt < rounds && missing > 0; attempt++) {
      int count = (int) Math.ceil(missing * settings.overDraw());
      List<Rollout> drawn = rollouts.draw(tasks.next(count), attempt);
      timer.lap("rollout");
      List<ScoredRollout> scored = scorer.score(drawn, step);
      timer.lap("reward");
      for (ScoredRollout group : scored) {
        passRates.enter(group, ledger);
        Collected.Fate fate = fate(group, missing);
        missing -= fate == Collected.Fate.USED ? 1 : 0;
        fates.add(fate);
      }
      collected.addAll(scored);
    }
    requireRewards(collected);
    return new Collected(collected, fates, attempt);
  }

  private static void requireRewards(List<ScoredRollout> collected) {
    try {
      AbsenceLimit.DEFAULT.require(collected.stream().map(ScoredRollout::scores).toList());
    } catch (TooManyAbsentException e) {
      Collected all =
          new Collected(collected, Collections.nCopies(collected.size(), Collected.Fate.USED), 0);
      throw new StoppedStepException(e, StepReport.untrained(all));
    }
  }

  private Collected.Fate fate(ScoredRollout group, int missing) {
    if (!settings.enabled()) {
      return Collected.Fate.USED;
    }
    if (group.scores().present() < 2) {
      return Collected.Fate.TOO_FEW;
    }
    if (!differs(group)) {
      return Collected.Fate.WITHOUT_VARIANCE;
    }
    double rate = passRates.of(group);
    if (rate < settings.lowestPassRate() || rate > settings.highestPassRate()) {
      return Collected.Fate.OUT_OF_RANGE;
    }
    return missing > 0 ? Collected.Fate.USED : Collected.Fate.SURPLUS;
  }

  /** Whether two completions of the group have different rewards. */
  private static boolean differs(ScoredRollout scored) {
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
