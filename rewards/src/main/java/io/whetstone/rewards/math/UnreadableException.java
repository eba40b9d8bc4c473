package io.whetstone.rewards.math;

/** A text that is no answer; the message says what is wrong with it. Carries no stack trace. */
final class UnreadableException extends Exception {
  UnreadableException(String message) {
    super(message, null, false, false);
  }
}
