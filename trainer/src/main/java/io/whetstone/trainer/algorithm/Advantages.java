package io.whetstone.trainer.algorithm;

import java.util.List;

/**
 * The advantages of a step's completions.
 *
 * @param values {@code values[g][i]} for completion i of group g; NaN where the completion takes no
 *     part in the loss (its reward is absent or its group was dropped)
 * @param groups what became of each group
 */
public record Advantages(double[][] values, List<Group> groups) {
  /** What became of a group. */
  public enum Group {
    /** Rewards differ: the group teaches. */
    KEPT,
    /**
     * All rewards are equal and the group is kept: its advantages are exactly 0, and its tokens
     * still count in the loss's means.
     */
    WITHOUT_VARIANCE,
    /** All rewards are equal and the group was dropped, as dynamic sampling asks. */
    DROPPED_WITHOUT_VARIANCE,
    /** Fewer than two rewards are present: there is nothing to compare. */
    DROPPED_TOO_FEW;

    /** Whether the group's completions stay out of the loss. */
    public boolean dropped() {
      return this == DROPPED_WITHOUT_VARIANCE || this == DROPPED_TOO_FEW;
    }
  }

  public Advantages {
    groups = List.copyOf(groups);
    if (values.length != groups.size()) {
      throw new IllegalArgumentException(
          values.length + " rows of advantages for " + groups.size() + " groups");
    }
  }

  /** Whether completion {@code i} of group {@code g} takes part in the loss. */
  public boolean trained(int g, int i) {
    return !Double.isNaN(values[g][i]);
  }

  /** How many groups ended as {@code outcome}. */
  public int count(Group outcome) {
    return (int) groups.stream().filter(outcome::equals).count();
  }
}
