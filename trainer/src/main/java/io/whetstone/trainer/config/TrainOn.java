package io.whetstone.trainer.config;

/** Which tokens of a demonstration are learned. */
public enum TrainOn {
  /** The completion and its end; of a conversation, the assistant's last turn. */
  COMPLETION,
  /** Every turn of the assistant, each with its end; without a conversation, the completion. */
  ASSISTANT,
  /** All but the first token, which nothing predicts. */
  EVERYTHING
}
