package io.whetstone.checkpoints;

/** Something on disk that cannot be read or written; the message names the file and the mend. */
public final class CheckpointException extends RuntimeException {
  public CheckpointException(String message) {
    super(message);
  }

  public CheckpointException(String message, Throwable cause) {
    super(message, cause);
  }
}
