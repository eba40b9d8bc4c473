package io.whetstone.hub;

/** What the hub or its cache cannot give; the message says what, where, and how to mend it. */
public final class HubException extends RuntimeException {

  private final boolean unreachable;

  HubException(String message) {
    this(message, false, null);
  }

  HubException(String message, Throwable cause) {
    this(message, false, cause);
  }

  private HubException(String message, boolean unreachable, Throwable cause) {
    super(message, cause);
    this.unreachable = unreachable;
  }

  static HubException unreachable(String message, Throwable cause) {
    return new HubException(message, true, cause);
  }

  /** Whether nobody answered: what is in the cache may still do. */
  public boolean isUnreachable() {
    return unreachable;
  }
}
