package io.whetstone.checkpoints;

/** Something on disk that is not what it should be; the message names the file and the mend. */
public final class CheckpointException extends RuntimeException {
  public CheckpointException(String message) {
    super(message);
  }

  public CheckpointException(String message, Throwable cause) {
    super(message, cause);
  }
}
