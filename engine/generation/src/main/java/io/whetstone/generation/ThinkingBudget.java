package io.whetstone.generation;

import java.util.OptionalInt;

/**
 * How long a completion thinks before it answers: budget forcing (s1: Simple test-time scaling,
 * Muennighoff et al. 2025, §3.1).
 *
 * <p>At least: where the policy draws the end of its thought, or a stop token while it still
 * thinks, the end is taken back and {@code again} is put in its place, the first {@code times}
 * times. At most: once {@code most} tokens of thought stand, {@code end} is put in and the policy
 * goes on to its answer; where the policy is just drawing the end, only what is missing of it is
 * put in. The upper bound wins: {@code again} is put in only where at least one more token of
 * thought fits after it.
 *
 * <p>A completion thinks from its first token to the first {@code end} in it. An end of several
 * tokens is recognised by these ids in a row: a tokenizer that writes it otherwise after some texts
 * (merging its first or last character with a neighbour) hides it there.
 *
 * @param end ids of the end of thinking ({@code </think>}), at least one
 * @param again ids put in its place ({@code Wait}), at least one where {@code times} > 0
 * @param times ends taken back at most, ≥ 0
 * @param most tokens of thought at most, those put in included, the end not; ≥ 0
 */
public record ThinkingBudget(int[] end, int[] again, int times, OptionalInt most) {
  public ThinkingBudget {
    if (end.length == 0) {
      throw new IllegalArgumentException("the end of thinking needs at least one token");
    }
    if (times < 0) {
      throw new IllegalArgumentException("times: " + times + " is not ≥ 0");
    }
    if (times > 0 && again.length == 0) {
      throw new IllegalArgumentException(
          "what stands in the end's place needs at least one token: nothing would change");
    }
    if (most.orElse(0) < 0) {
      throw new IllegalArgumentException("most: " + most.getAsInt() + " is not ≥ 0");
    }
    end = end.clone();
    again = again.clone();
  }
}
