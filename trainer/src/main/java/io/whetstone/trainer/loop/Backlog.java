package io.whetstone.trainer.loop;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;

/**
 * Rollouts between being drawn and being trained on. With a staleness of n, step k trains on what
 * the policy of step k − n drew (the first n + 1 batches are all the first policy's): what a
 * sampler that works beside the trainer does, without its chance order. With n = 0 nothing waits.
 */
final class Backlog {
  /** Draws the rollouts of a step. */
  interface Draw {
    /**
     * @param step the step that will train on them
     */
    Collected collect(int step) throws InterruptedException;
  }

  private final int staleness;
  private final int steps;
  private final Deque<Collected> waiting = new ArrayDeque<>();

  /**
   * @param steps of the stage: no more batches are drawn
   */
  Backlog(int staleness, int steps) {
    this.staleness = staleness;
    this.steps = steps;
  }

  /** The rollouts that step {@code step} (from 0) trains on. */
  Collected next(int step, Draw draw) throws InterruptedException {
    int until = Math.min(step + staleness + 1, steps);
    while (step + waiting.size() < until) {
      waiting.addLast(draw.collect(step + waiting.size()));
    }
    return waiting.removeFirst();
  }

  /** What waits, in order. */
  List<Collected> waiting() {
    return List.copyOf(waiting);
  }

  /** Takes back what {@link #waiting} gave. */
  void restore(List<Collected> batches) {
    waiting.clear();
    waiting.addAll(batches);
  }
}
