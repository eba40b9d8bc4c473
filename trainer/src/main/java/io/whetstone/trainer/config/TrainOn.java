package io.whetstone.trainer.config;

/** Which tokens of a demonstration are learned. */
public enum TrainOn {
  /** The completion and its end of sequence. */
  COMPLETION,
  /** The prompt too, but for its first token. */
  EVERYTHING
}
