package io.whetstone.trainer.algorithm;

import java.util.Arrays;
import java.util.List;

/**
 * The advantages of a step's completions.
 *
 * @param values {@code values[g][i]} for completion i of group g: one number for all its tokens, or
 *     one a token; empty where the completion takes no part in the loss (its reward is absent or
 *     its group was dropped)
 * @param groups what became of each group
 */
public record Advantages(double[][][] values, List<Group> groups) {
  /** What became of a group. */
  public enum Group {
    /** Rewards differ: the group teaches. */
    KEPT,
    /**
     * All rewards are equal and the group is kept: its tokens still count in the loss's means.
     * Compared with its own mean its advantages are exactly 0.
     */
    WITHOUT_VARIANCE,
    /** All rewards are equal and the group was dropped, as dynamic sampling asks. */
    DROPPED_WITHOUT_VARIANCE,
    /** Fewer rewards are present than a comparison needs. */
    DROPPED_TOO_FEW,
    /** The greedy completion that the group was to be compared with has no reward. */
    DROPPED_WITHOUT_BASELINE,
    /** Its share of right completions is not wanted (dynamic sampling). */
    DROPPED_OUT_OF_RANGE,
    /** Enough groups had been found before it (dynamic sampling). */
    DROPPED_SURPLUS,
    /** The whole step was skipped: something in it was not finite. */
    DROPPED_WITH_STEP;

    /** Whether the group's completions stay out of the loss. */
    public boolean dropped() {
      return this != KEPT && this != WITHOUT_VARIANCE;
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
    return values[g][i].length > 0;
  }

  /** The advantages of the completion's {@code tokens} tokens; only where it is trained on. */
  public double[] perToken(int g, int i, int tokens) {
    double[] given = values[g][i];
    if (given.length == tokens) {
      return given.clone();
    }
    if (given.length != 1) {
      throw new IllegalArgumentException(
          "completion %d of group %d has %d advantages for %d tokens"
              .formatted(i, g, given.length, tokens));
    }
    double[] all = new double[tokens];
    Arrays.fill(all, given[0]);
    return all;
  }

  /** How many groups ended as {@code outcome}. */
  public int count(Group outcome) {
    return (int) groups.stream().filter(outcome::equals).count();
  }
}
