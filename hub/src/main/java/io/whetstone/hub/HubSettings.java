package io.whetstone.hub;

import java.io.IOException;
import java.net.ProxySelector;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Where the hub and its cache are, by the environment variables that huggingface_hub reads.
 *
 * @param endpoint {@code HF_ENDPOINT}, else https://huggingface.co
 * @param token {@code HF_TOKEN}, else what the file {@code HF_TOKEN_PATH} or {@code HF_HOME/token}
 *     holds; sent to the endpoint's host only
 * @param cache {@code HF_HUB_CACHE}, else {@code HF_HOME/hub}, else ~/.cache/huggingface/hub
 * @param offline {@code HF_HUB_OFFLINE} is 1: only what is in the cache can be had
 * @param patience how long the hub may be silent
 * @param attempts how often in a row something is tried without a byte coming through
 * @param pause before the second attempt; doubled for each after that
 * @param proxies by {@code HTTPS_PROXY}, {@code HTTP_PROXY}, {@code ALL_PROXY} and {@code NO_PROXY}
 */
public record HubSettings(
    URI endpoint,
    Optional<String> token,
    Path cache,
    boolean offline,
    Duration patience,
    int attempts,
    Duration pause,
    ProxySelector proxies) {

  private static final Set<String> TRUE = Set.of("1", "true", "yes", "on");

  public HubSettings {
    if (endpoint.getHost() == null || !List.of("http", "https").contains(endpoint.getScheme())) {
      throw new IllegalArgumentException(
          "HF_ENDPOINT: " + endpoint + " is not an address such as https://huggingface.co");
    }
    Objects.requireNonNull(cache, "cache");
  }

  /**
   * @param environment the process's variables
   * @param home the user's directory
   */
  public static HubSettings of(Map<String, String> environment, Path home) {
    Path hugging =
        first(environment, "HF_HOME")
            .map(Path::of)
            .orElseGet(
                () ->
                    first(environment, "XDG_CACHE_HOME")
                        .map(Path::of)
                        .orElse(home.resolve(".cache"))
                        .resolve("huggingface"));
    Path cache =
        first(environment, "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE")
            .map(Path::of)
            .orElse(hugging.resolve("hub"));
    Path tokenFile =
        first(environment, "HF_TOKEN_PATH").map(Path::of).orElse(hugging.resolve("token"));
    String endpoint = first(environment, "HF_ENDPOINT").orElse("https://huggingface.co");
    return new HubSettings(
        URI.create(endpoint.replaceFirst("/+$", "")),
        first(environment, "HF_TOKEN", "HUGGING_FACE_HUB_TOKEN").or(() -> read(tokenFile)),
        cache,
        first(environment, "HF_HUB_OFFLINE")
            .map(value -> TRUE.contains(value.toLowerCase(Locale.ROOT)))
            .orElse(false),
        Duration.ofSeconds(60),
        6,
        Duration.ofSeconds(1),
        Proxies.of(environment));
  }

  private static Optional<String> first(Map<String, String> environment, String... names) {
    return Stream.of(names)
        .map(name -> environment.getOrDefault(name, "").strip())
        .filter(value -> !value.isEmpty())
        .findFirst();
  }

  private static Optional<String> read(Path file) {
    try {
      return Optional.of(Files.readString(file).strip()).filter(token -> !token.isEmpty());
    } catch (IOException e) {
      return Optional.empty(); // There is none, or none that we may read: the hub will say so.
    }
  }

  /** Without the token: settings end up in logs. */
  @Override
  public String toString() {
    return "HubSettings[endpoint=%s, token=%s, cache=%s, offline=%s]"
        .formatted(endpoint, token.isPresent() ? "given" : "none", cache, offline);
  }
}
