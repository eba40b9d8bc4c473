package io.whetstone.trainer.loop;

import io.whetstone.rewards.Outcome;
import io.whetstone.rewards.Score;
import io.whetstone.trainer.rollout.DifficultyLedger;
import io.whetstone.trainer.rollout.ScoredRollout;
import java.util.List;

/**
 * Judges groups by how many of their completions are right.
 *
 * @param solvedBy the reward whose outcome says so
 */
record PassRates(String solvedBy) {

  /** Completions that could be judged, and those of them that are right. */
  private record Counts(int drawn, int right) {}

  private Counts counts(ScoredRollout group) {
    List<Score> scores = group.scores().scores().get(solvedBy);
    if (scores == null) {
      return new Counts(0, 0);
    }
    int drawn = 0;
    int right = 0;
    for (Score score : scores) {
      drawn += score.value().isPresent() ? 1 : 0;
      right += score.outcome() == Outcome.CORRECT ? 1 : 0;
    }
    return new Counts(drawn, right);
  }

  /** The share of right completions among those that could be judged; NaN without any. */
  double of(ScoredRollout group) {
    Counts counts = counts(group);
    return (double) counts.right / counts.drawn;
  }

  /** Enters what a group showed. */
  void enter(ScoredRollout group, DifficultyLedger ledger) {
    Counts counts = counts(group);
    ledger.measured(group.rollout().visit(), counts.drawn, counts.right);
  }
}
