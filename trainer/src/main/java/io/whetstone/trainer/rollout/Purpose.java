package io.whetstone.trainer.rollout;

import io.whetstone.tensor.Philox;

/** What random numbers are drawn for; each purpose has a stream of its own under the run's seed. */
public enum Purpose {
  WEIGHTS(1),
  TASK_ORDER(2),
  ROLLOUT(3),
  EVALUATION(4),
  DEMONSTRATION_ORDER(5),
  ADAPTERS(6),
  DROPOUT(7),
  STEP_LABELS(8),
  WATCH(9);

  // Written out, not ordinal(): a new purpose must not change what the others draw.
  private final long number;

  Purpose(long number) {
    this.number = number;
  }

  /** The key of this purpose in a stage (or other part) of the run. */
  public long key(long seed, long... parts) {
    long key = Philox.derive(seed, number);
    for (long part : parts) {
      key = Philox.derive(key, part);
    }
    return key;
  }
}
