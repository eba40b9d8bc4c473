package io.whetstone.rewards;

/** A plugin that cannot be used; the message names the jar or class and what is wrong with it. */
public final class RewardPluginException extends RuntimeException {

  RewardPluginException(String message) {
    super(message);
  }

  RewardPluginException(String message, Throwable cause) {
    super(message, cause);
  }
}
