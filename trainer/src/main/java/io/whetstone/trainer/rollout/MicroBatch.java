package io.whetstone.trainer.rollout;

import io.whetstone.model.PackedTokens;

/**
 * Samples packed for one forward and backward pass, without padding.
 *
 * <p>The arrays {@code rows}, {@code targets}, {@code sample} and {@code position} have one entry
 * for each trained token: packed row {@code rows[i]} predicts {@code targets[i]}, which is the id
 * at {@code position[i]} of sample {@code sample[i]} of the step.
 */
public record MicroBatch(
    PackedTokens tokens, int[] rows, int[] targets, int[] sample, int[] position) {

  /** Trained tokens. */
  public int size() {
    return rows.length;
  }
}
