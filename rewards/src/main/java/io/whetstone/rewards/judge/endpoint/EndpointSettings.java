package io.whetstone.rewards.judge.endpoint;

import io.whetstone.datasets.settings.Default;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A server that speaks OpenAI's chat completions: OpenAI's own, vLLM's, llama.cpp's, SGLang's, and
 * many others.
 *
 * @param url up to what precedes {@code /chat/completions}: {@code http://localhost:8000/v1}
 * @param model as the server calls it
 * @param apiKeyEnv the environment variable that holds the key; left out: no key is sent
 * @param apiKeyHeader the header that carries it, after {@code Bearer } where it is Authorization
 * @param temperature of the answers
 * @param maxTokens of one answer, hidden reasoning included
 * @param maxTokensField how the server calls that: {@code max_completion_tokens} for OpenAI's
 *     reasoning models
 * @param seed sent along, more by 1 for each further vote; left out: none is sent
 * @param body further fields of the request, as they are: {@code response_format}, {@code top_p}
 * @param connectTimeout until the connection stands
 * @param timeout of one request, from its beginning to the answer's last byte
 * @param attempts how often a request is tried
 * @param backoff before the second attempt, doubled before each further one, less up to half
 * @param mostBackoff the longest wait; a server that asks for a longer one is not asked again
 * @param concurrency requests at the same time
 * @param requestsPerMinute at most so many, evenly; 0 for no limit
 * @param price for a million tokens, in whatever currency
 * @param cache where answers are remembered
 */
record EndpointSettings(
    String url,
    String model,
    Optional<String> apiKeyEnv,
    @Default(value = "\"Authorization\"", source = "OpenAI's") String apiKeyHeader,
    @Default(value = "0", source = "a judge should not roll dice") double temperature,
    @Default(value = "2048", source = "reasoning and a verdict") int maxTokens,
    @Default(value = "\"max_tokens\"", source = "the name that all servers know")
        String maxTokensField,
    Optional<Long> seed,
    @Default(value = "{}", source = "nothing further is needed") Map<String, Object> body,
    @Default(value = "\"10s\"", source = "a server that is there answers in one")
        Duration connectTimeout,
    @Default(value = "\"120s\"", source = "2,048 tokens at 20 a second") Duration timeout,
    @Default(value = "5", source = "gets over restarts of half a minute") int attempts,
    @Default(value = "\"1s\"", source = "what servers' own clients wait") Duration backoff,
    @Default(value = "\"60s\"", source = "the window of most rate limits") Duration mostBackoff,
    @Default(value = "8", source = "small servers batch that many") int concurrency,
    @Default(value = "0", source = "servers of one's own have none") double requestsPerMinute,
    @Default(value = "{}", source = "a server of one's own costs nothing a token") Price price,
    @Default(value = "{}", source = "its own defaults") Cache cache) {

  /** What a million tokens cost. */
  record Price(
      @Default(value = "0", source = "as above") double prompt,
      @Default(value = "0", source = "as above") double answer) {
    Price {
      if (!(prompt >= 0 && answer >= 0)) {
        throw new IllegalArgumentException("prompt: a price is 0 or more");
      }
    }
  }

  /**
   * Answers on disc, by endpoint and request.
   *
   * @param directory left out: {@code whetstone/judge-answers} where the user's caches are
   * @param megabytes beyond which the longest unused are deleted; 0 remembers none
   */
  record Cache(
      Optional<Path> directory,
      @Default(value = "256", source = "about 100,000 answers") int megabytes) {
    Cache {
      if (megabytes < 0) {
        throw new IllegalArgumentException("megabytes: " + megabytes + " is not 0 or more");
      }
    }

    Path place() {
      String caches = System.getenv("XDG_CACHE_HOME");
      return directory.orElseGet(
          () ->
              (caches == null || caches.isEmpty()
                      ? Path.of(System.getProperty("user.home"), ".cache")
                      : Path.of(caches))
                  .resolve("whetstone")
                  .resolve("judge-answers"));
    }
  }

  /** What the request has from other settings, or cannot have. */
  private static final List<String> OURS = List.of("model", "messages", "temperature", "seed");

  private static final List<String> NEVER = List.of("stream", "n", "tools", "functions");

  EndpointSettings {
    uri(url);
    require(!model.isBlank(), "model: is empty");
    require(temperature >= 0 && temperature <= 2, "temperature: is not in [0, 2]");
    require(maxTokens >= 1, "max-tokens: is not 1 or more");
    require(attempts >= 1, "attempts: is not 1 or more");
    require(concurrency >= 1, "concurrency: is not 1 or more");
    require(
        requestsPerMinute >= 0 && requestsPerMinute < Double.POSITIVE_INFINITY,
        "requests-per-minute: is not 0 or more");
    require(timeout.isPositive(), "timeout: is not more than 0");
    require(connectTimeout.isPositive(), "connect-timeout: is not more than 0");
    for (String key : body.keySet()) {
      require(!OURS.contains(key), "body." + key + ": is a setting of its own, " + key);
      require(!key.equals(maxTokensField), "body." + key + ": is set by max-tokens");
      require(!NEVER.contains(key), "body." + key + ": a judge's answer is one text, in one piece");
    }
  }

  private static void require(boolean holds, String complaint) {
    if (!holds) {
      throw new IllegalArgumentException(complaint);
    }
  }

  private static URI uri(String url) {
    try {
      URI uri = new URI(url);
      boolean http = "http".equals(uri.getScheme()) || "https".equals(uri.getScheme());
      require(
          http && uri.getHost() != null && uri.getFragment() == null,
          "url: \"" + url + "\" is not such as http://localhost:8000/v1");
      // Before anything else shows it: configurations are recorded.
      require(
          uri.getUserInfo() == null,
          "url: holds a user's name or password, and would be recorded; use api-key-env");
      return uri;
    } catch (URISyntaxException e) {
      throw new IllegalArgumentException("url: \"" + url + "\" is no URL: " + e.getReason(), e);
    }
  }

  /** The URL of one of the server's functions, the query kept. */
  URI address(String function) {
    URI base = uri(url);
    String path = base.getRawPath() == null ? "" : base.getRawPath().replaceAll("/+$", "");
    path = path.endsWith("/chat/completions") ? path.replace("/chat/completions", "") : path;
    String query = base.getRawQuery() == null ? "" : "?" + base.getRawQuery();
    return URI.create(base.getScheme() + "://" + base.getRawAuthority() + path + function + query);
  }
}
