package io.whetstone.rewards.models;

/** Adds up what a model's looks at completions cost. Safe for use by several threads. */
public final class CostMeter {
  private ScoringCost cost = ScoringCost.NONE;

  synchronized void add(ScoringCost more) {
    cost = cost.plus(more);
  }

  /** What was spent since this was last asked. */
  public synchronized ScoringCost take() {
    ScoringCost taken = cost;
    cost = ScoringCost.NONE;
    return taken;
  }
}
