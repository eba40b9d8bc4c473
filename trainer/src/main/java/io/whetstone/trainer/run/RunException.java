package io.whetstone.trainer.run;

import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;

/**
 * A run's directory cannot be used: it is taken, missing, being written by another process, or its
 * files are not what they should be. The message says what to do.
 */
public final class RunException extends RuntimeException {
  private final boolean usersToMend;

  private RunException(String message, boolean usersToMend, Throwable cause) {
    super(message, cause);
    this.usersToMend = usersToMend;
  }

  /** What the user asked for cannot be done with the runs that are there. */
  static RunException mistake(String message) {
    return mistake(message, null);
  }

  /** A file of the run was changed or damaged: deleting or restoring it mends that. */
  static RunException mistake(String message, Throwable cause) {
    return new RunException(message, true, cause);
  }

  /** The disk failed. */
  static RunException failure(String message, Throwable cause) {
    return new RunException(message, false, cause);
  }

  /** Why a file could not be used: a file system's exception may say nothing but its name. */
  static String reason(Exception e) {
    return switch (e) {
      case NoSuchFileException missing -> missing.getFile() + " is not there";
      case AccessDeniedException denied -> denied.getFile() + ": permission denied";
      case FileSystemException other when other.getReason() == null ->
          other.getFile() + ": " + other.getClass().getSimpleName();
      default -> e.getMessage() == null ? e.toString() : e.getMessage();
    };
  }

  /** Whether another command line mends it (exit code 2) or something failed (exit code 1). */
  public boolean usersToMend() {
    return usersToMend;
  }
}
