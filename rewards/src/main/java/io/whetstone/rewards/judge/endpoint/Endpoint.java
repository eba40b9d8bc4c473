package io.whetstone.rewards.judge.endpoint;

import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Sends one request to the server and says what came of it. */
final class Endpoint implements AutoCloseable {

  /** Longer than any answer a model of today can give. */
  private static final int MOST_BYTES = 16 << 20;

  /** What came of a request. */
  sealed interface Outcome {

    /** A response with a status of success. */
    record Responded(byte[] body, String contentType) implements Outcome {}

    /**
     * It failed, but might not the next time.
     *
     * @param delay what the server asks for
     */
    record Again(String reason, boolean timeout, Optional<Duration> delay) implements Outcome {}

    /** This request will always fail. */
    record Refused(String reason) implements Outcome {}

    /** Every request will: the key, the model or the address is wrong. */
    record Closed(String reason) implements Outcome {}
  }

  private final EndpointSettings settings;
  private final ApiKey key;
  private final HttpClient client;

  Endpoint(EndpointSettings settings, ApiKey key) {
    this.settings = settings;
    this.key = key;
    this.client =
        HttpClient.newBuilder()
            // An offer of HTTP/2 in clear text confuses some servers.
            .version(HttpClient.Version.HTTP_1_1)
            // The key is for this server, not for where it points to.
            .followRedirects(HttpClient.Redirect.NEVER)
            .connectTimeout(settings.connectTimeout())
            .build();
  }

  Outcome post(byte[] body) throws InterruptedException {
    return send(
        settings.address("/chat/completions"),
        builder ->
            builder
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofByteArray(body)));
  }

  /** The names of the server's models, where it says them. */
  Outcome models() throws InterruptedException {
    return send(settings.address("/models"), HttpRequest.Builder::GET);
  }

  private interface Method {
    HttpRequest.Builder of(HttpRequest.Builder builder);
  }

  private Outcome send(URI address, Method method) throws InterruptedException {
    HttpRequest.Builder builder = method.of(HttpRequest.newBuilder(address));
    try {
      key.into(builder.header("Accept", "application/json"));
    } catch (IllegalArgumentException e) {
      return new Outcome.Closed(e.getMessage());
    }
    CompletableFuture<HttpResponse<byte[]>> sent =
        client.sendAsync(
            builder.build(),
            HttpResponse.BodyHandlers.limiting(
                HttpResponse.BodyHandlers.ofByteArray(), MOST_BYTES));
    try {
      // The request's own timeout would end with the headers; a slow body must end too.
      return outcome(sent.get(settings.timeout().toNanos(), TimeUnit.NANOSECONDS), address);
    } catch (TimeoutException e) {
      return new Outcome.Again(
          address + ": no answer within " + settings.timeout().toMillis() / 1000.0 + " seconds",
          true,
          Optional.empty());
    } catch (ExecutionException e) {
      return failed(address, e.getCause());
    } finally {
      sent.cancel(true);
    }
  }

  private Outcome failed(URI address, Throwable cause) {
    if (!(cause instanceof IOException)) {
      return new Outcome.Refused(key.scrubbed(address + ": " + cause));
    }
    String why =
        switch (cause) {
          case HttpConnectTimeoutException _ -> "no connection within " + settings.connectTimeout();
          case ConnectException _ ->
              "cannot be reached"
                  + (cause.getMessage() == null ? "" : " (" + cause.getMessage() + ")")
                  + "; is the server running?";
          default -> "the connection broke: " + cause.getMessage();
        };
    return new Outcome.Again(
        key.scrubbed(address + ": " + why),
        cause instanceof HttpConnectTimeoutException,
        Optional.empty());
  }

  private Outcome outcome(HttpResponse<byte[]> response, URI address) {
    int status = response.statusCode();
    if (status / 100 == 2) {
      return new Outcome.Responded(
          // Scrubbed for a server that answers with what it was sent.
          key.scrubbed(new String(response.body(), StandardCharsets.UTF_8))
              .getBytes(StandardCharsets.UTF_8),
          response.headers().firstValue("Content-Type").orElse("not given"));
    }
    String said =
        key.scrubbed(
            address + ": status " + status + ": " + ChatMessages.complaint(response.body()));
    boolean spent = ChatMessages.code(response.body()).equals("insufficient_quota");
    return switch (status) {
      case 401, 403 ->
          new Outcome.Closed(
              said
                  + settings
                      .apiKeyEnv()
                      .map(name -> "; is the key in " + name + " the right one?")
                      .orElse("; the server wants a key: set api-key-env"));
      case 404, 405 ->
          new Outcome.Closed(
              said + "; is url right, and is there a model " + settings.model() + "?");
      case 408, 409, 425, 429, 500, 502, 503, 504, 529 ->
          spent
              ? new Outcome.Closed(said)
              : new Outcome.Again(said, status == 408 || status == 504, delay(response));
      default ->
          status / 100 == 3
              ? new Outcome.Closed(said + "; it points elsewhere, which is not followed")
              : new Outcome.Refused(said);
    };
  }

  private static Optional<Duration> delay(HttpResponse<?> response) {
    return response
        .headers()
        .firstValue("Retry-After")
        .flatMap(header -> Backoff.asked(header, Instant.now()));
  }

  @Override
  public void close() {
    client.shutdownNow();
  }
}
