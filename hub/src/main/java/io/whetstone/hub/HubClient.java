package io.whetstone.hub;

import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** Asks the hub over HTTP: follows redirects, tries again what may pass, and says what may not. */
final class HubClient implements AutoCloseable {

  private static final Set<Integer> PASSING = Set.of(408, 425, 429, 500, 502, 503, 504);
  private static final Set<Integer> REDIRECTS = Set.of(301, 302, 303, 307, 308);
  private static final int MOST_REDIRECTS = 5;
  private static final int LARGEST_LISTING = 256 << 20;
  private static final Duration LONGEST_PAUSE = Duration.ofMinutes(5);

  private final HubSettings settings;
  private final DownloadListener listener;
  private final HttpClient http;

  HubClient(HubSettings settings, DownloadListener listener) {
    this.settings = settings;
    this.listener = listener;
    this.http =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            // By hand: the token must not follow to another host.
            .followRedirects(HttpClient.Redirect.NEVER)
            .connectTimeout(settings.patience())
            .proxy(settings.proxies())
            .build();
  }

  /** What a repository holds at a revision. */
  HubListing listing(HubName name, String revision) {
    URI address =
        URI.create(
            "%s/api/%s/%s/revision/%s?blobs=true"
                .formatted(
                    settings.endpoint(), name.kind().plural, name.repository(), encode(revision)));
    Attempts attempts = new Attempts(settings, listener);
    while (true) {
      try (InputStream body = get(name, address, 0, attempts).body()) {
        byte[] bytes = body.readNBytes(LARGEST_LISTING + 1);
        if (bytes.length > LARGEST_LISTING) {
          throw new HubException(address + ": answers with more than 256 MiB; is it a hub?");
        }
        return HubListing.parse(new String(bytes, StandardCharsets.UTF_8), address.toString());
      } catch (IOException e) {
        attempts.failed(name + ": " + address + " broke off (" + e.getMessage() + ")", e);
      }
    }
  }

  /**
   * Opens a file's bytes.
   *
   * @param offset of the first byte wanted; the hub may begin at 0 all the same (status 200)
   */
  HttpResponse<InputStream> open(
      HubName name, String commit, HubFile file, long offset, Attempts attempts) {
    String path =
        Arrays.stream(file.path().split("/"))
            .map(HubClient::encode)
            .collect(Collectors.joining("/"));
    URI address =
        URI.create(
            "%s/%s%s/resolve/%s/%s"
                .formatted(
                    settings.endpoint(), name.kind().prefix, name.repository(), commit, path));
    return get(name, address, offset, attempts);
  }

  private static String encode(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
  }

  private HttpResponse<InputStream> get(HubName name, URI address, long offset, Attempts attempts) {
    while (true) {
      HttpResponse<InputStream> response;
      try {
        response = follow(name, address, offset);
      } catch (ConnectException e) {
        attempts.failed(name + ": nobody answers at " + settings.endpoint(), e);
        continue;
      } catch (IOException e) {
        String why = e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
        attempts.failed(name + ": " + address + " cannot be read (" + why + ")", e);
        continue;
      }
      int status = response.statusCode();
      if (status == 200 || status == 206 || status == 416 && offset > 0) {
        return response;
      }
      discard(response);
      if (!PASSING.contains(status)) {
        throw refused(name, address, response);
      }
      attempts.failed(
          name + ": " + address.getHost() + " answers " + status + explained(status),
          retryAfter(response));
    }
  }

  private HttpResponse<InputStream> follow(HubName name, URI address, long offset)
      throws IOException {
    URI at = address;
    for (int hop = 0; hop <= MOST_REDIRECTS; hop++) {
      HttpResponse<InputStream> response = send(at, offset);
      Optional<String> location = response.headers().firstValue("Location");
      if (!REDIRECTS.contains(response.statusCode()) || location.isEmpty()) {
        return response;
      }
      discard(response);
      URI next = at.resolve(location.get());
      if (at.getScheme().equals("https") && !"https".equals(next.getScheme())) {
        throw new HubException(
            name + ": " + at.getHost() + " redirects to " + next + ", which is not encrypted");
      }
      at = next;
    }
    throw new HubException(name + ": " + address + " redirects without end");
  }

  private HttpResponse<InputStream> send(URI address, long offset) throws IOException {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(address)
            .timeout(settings.patience())
            .header("User-Agent", "whetstone")
            .header("Accept-Encoding", "identity");
    if (offset > 0) {
      request.header("Range", "bytes=" + offset + "-");
    }
    if (isEndpoint(address)) {
      settings.token().ifPresent(token -> request.header("Authorization", "Bearer " + token));
    }
    try {
      return http.send(request.build(), HttpResponse.BodyHandlers.ofInputStream());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new HubException("interrupted while asking " + address.getHost(), e);
    }
  }

  private boolean isEndpoint(URI address) {
    URI endpoint = settings.endpoint();
    return endpoint.getScheme().equals(address.getScheme())
        && endpoint.getHost().equalsIgnoreCase(address.getHost())
        && endpoint.getPort() == address.getPort();
  }

  private static void discard(HttpResponse<InputStream> response) {
    try {
      response.body().close();
    } catch (IOException e) {
      // Nobody wants it.
    }
  }

  private static String explained(int status) {
    return status == 429 ? " (too many requests)" : status >= 500 ? " (trouble at its end)" : "";
  }

  private Optional<Duration> retryAfter(HttpResponse<?> response) {
    Optional<Duration> asked =
        response
            .headers()
            .firstValue("Retry-After")
            .filter(value -> value.matches("\\d{1,9}"))
            .map(seconds -> Duration.ofSeconds(Long.parseLong(seconds)));
    if (asked.isPresent() && asked.get().compareTo(LONGEST_PAUSE) > 0) {
      throw new HubException(
          "%s asks to wait %d s; try again then, or set HF_TOKEN: more is allowed to those it knows"
              .formatted(settings.endpoint(), asked.get().toSeconds()));
    }
    return asked;
  }

  private HubException refused(HubName name, URI address, HttpResponse<?> response) {
    int status = response.statusCode();
    String page = settings.endpoint() + "/" + name.kind().prefix + name.repository();
    String code = response.headers().firstValue("X-Error-Code").orElse("");
    boolean known = settings.token().isPresent();
    if (code.equals("GatedRepo") && (status == 401 || status == 403)) {
      return new HubException(
          "%s: it is gated: accept its licence at %s%s (HTTP %d from %s)"
              .formatted(
                  name,
                  page,
                  known
                      ? ", with the account that the token in HF_TOKEN belongs to"
                      : ", make a token at %s/settings/tokens and set HF_TOKEN to it"
                          .formatted(settings.endpoint()),
                  status,
                  address));
    }
    String why =
        switch (status) {
          case 401 ->
              known
                  ? "the token was refused, or there is no such repository; check HF_TOKEN and the"
                      + " name at "
                      + page
                  : "it is private or gated, or there is no such repository; check the name at "
                      + page
                      + ", ask for access there, and set HF_TOKEN";
          case 403 ->
              "access is not granted; ask for it at "
                  + page
                  + (known ? " with the account that the token belongs to" : " and set HF_TOKEN");
          case 404 ->
              code.equals("RevisionNotFound")
                  ? "there is no revision " + name.revision() + "; see " + page + "/tree/main"
                  : code.equals("EntryNotFound")
                      ? "there is no such file"
                      : "there is no such repository or revision; check the name at " + page;
          default -> "unexpected";
        };
    return new HubException("%s: %s (HTTP %d from %s)".formatted(name, why, status, address));
  }

  @Override
  public void close() {
    http.close();
  }
}
