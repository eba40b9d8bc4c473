package io.whetstone.checkpoints;

/** A disk did not take a checkpoint, or would not let one go; the earlier ones are as they were. */
public final class CheckpointWriteException extends RuntimeException {
  public CheckpointWriteException(String message, Throwable cause) {
    super(message, cause);
  }
}
