package io.whetstone.trainer.config;

/**
 * A configuration that cannot be used; the message says where, what was got and what is expected.
 */
public final class ConfigurationException extends RuntimeException {
  private static final long serialVersionUID = 1;

  public ConfigurationException(String message) {
    super(message);
  }

  public ConfigurationException(String message, Throwable cause) {
    super(message, cause);
  }
}
