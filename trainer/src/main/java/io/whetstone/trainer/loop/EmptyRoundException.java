package io.whetstone.trainer.loop;

/** A round drew nothing that could be learned from. */
public final class EmptyRoundException extends RuntimeException {
  private static final long serialVersionUID = 1;

  EmptyRoundException(String message) {
    super(message);
  }
}
