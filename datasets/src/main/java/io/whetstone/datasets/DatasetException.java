package io.whetstone.datasets;

/** Data that cannot be used; the message says where, what was got and what was expected. */
public final class DatasetException extends RuntimeException {

  public DatasetException(String message) {
    super(message);
  }

  public DatasetException(String message, Throwable cause) {
    super(message, cause);
  }
}
