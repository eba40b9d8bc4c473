package io.whetstone.trainer.command;

/** Something that was asked for cannot be done; the message says what, and what to do instead. */
final class UsageException extends RuntimeException {
  private static final long serialVersionUID = 1;

  UsageException(String message) {
    super(message);
  }
}
