package io.whetstone.trainer.config;

/** What becomes of a text with more tokens than it may have. It is never cut. */
public enum TooLong {
  /** The run does not begin, or ends, with a message. */
  STOP,
  /** It is left out and counted. */
  DROP
}
