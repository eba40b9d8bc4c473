package io.whetstone.generation;

import java.util.Locale;

/** Why a completion ended. */
public enum StopReason {
  /** A stop token was drawn; it is the completion's last id. */
  END_OF_SEQUENCE,
  /** The text came to contain a stop string; it is kept. */
  STOP_STRING,
  /** The allowed number of tokens was drawn: the completion is truncated. */
  LENGTH,
  /** The model's positions were used up: the completion is truncated. */
  CONTEXT;

  /** True when the model did not come to its own end. */
  public boolean truncated() {
    return this == LENGTH || this == CONTEXT;
  }

  /** As it stands in records: {@code end-of-sequence}. */
  public String text() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
