package io.whetstone.rewards.judge.endpoint;

import java.net.http.HttpRequest;
import java.util.Optional;
import java.util.function.UnaryOperator;

/**
 * The key, taken from the environment when it is needed. It goes into a request's header and
 * nowhere else: {@link #scrubbed} takes it out of what servers say.
 */
final class ApiKey {

  private final EndpointSettings settings;
  private final UnaryOperator<String> environment;

  ApiKey(EndpointSettings settings, UnaryOperator<String> environment) {
    this.settings = settings;
    this.environment = environment;
  }

  /**
   * Puts it into a request, where there is one.
   *
   * @throws IllegalArgumentException if the variable is not set or holds what is no key
   */
  void into(HttpRequest.Builder request) {
    key()
        .ifPresent(
            key ->
                request.header(
                    settings.apiKeyHeader(),
                    settings.apiKeyHeader().equalsIgnoreCase("Authorization")
                        ? "Bearer " + key
                        : key));
  }

  private Optional<String> key() {
    if (settings.apiKeyEnv().isEmpty()) {
      return Optional.empty();
    }
    String name = settings.apiKeyEnv().get();
    String value = environment.apply(name);
    if (value == null || value.isBlank()) {
      throw new IllegalArgumentException(
          "api-key-env: the environment variable "
              + name
              + " is not set; it should hold the key for "
              + settings.url());
    }
    // Checked here, for the HTTP client's own complaint would show it.
    if (!value.strip().chars().allMatch(c -> c > ' ' && c < 127)) {
      throw new IllegalArgumentException(
          "api-key-env: what "
              + name
              + " holds is no key: there are characters in it that a header cannot carry");
    }
    return Optional.of(value.strip());
  }

  /** The text without the key. */
  String scrubbed(String text) {
    try {
      return key().map(key -> text.replace(key, "[key]")).orElse(text);
    } catch (IllegalArgumentException e) {
      return text; // there is no key to be found in it
    }
  }
}
