package io.whetstone.rewards.sandbox;

/**
 * The sandbox could not do its work, whatever the program in it would have done; the message says
 * how to mend it.
 */
public final class SandboxException extends RuntimeException {

  public SandboxException(String message) {
    super(message);
  }

  public SandboxException(String message, Throwable cause) {
    super(message, cause);
  }
}
