package io.whetstone.hub;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.TreeMap;
import java.util.concurrent.Executors;
import java.util.stream.Stream;

/** A hub on this machine, with a second host for large files, that misbehaves when told to. */
public final class FakeHub implements AutoCloseable {

  public static final String COMMIT = "0123456789abcdef0123456789abcdef01234567";

  /** One request as it came in. */
  public record Request(
      String host, String method, String path, String range, String authorization) {}

  /** What happens to one request instead of the right answer. */
  public interface Fault {
    void answer(HttpExchange exchange, byte[] bytes, long from) throws IOException;
  }

  private final HttpServer server;
  private final HttpServer elsewhere;
  private final Map<String, byte[]> files = new TreeMap<>();
  private final Map<String, Queue<Fault>> faults = new HashMap<>();
  public final List<Request> requests = Collections.synchronizedList(new ArrayList<>());
  final List<String> extraPaths = new ArrayList<>();
  public String token = "";
  boolean redirects = true;

  public FakeHub() throws IOException {
    this(0);
  }

  public FakeHub(int port) throws IOException {
    server = serve(port);
    elsewhere = serve(0);
  }

  private HttpServer serve(int port) throws IOException {
    HttpServer made = HttpServer.create(new InetSocketAddress("127.0.0.1", port), 0);
    made.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    made.createContext("/", this::handle);
    made.start();
    return made;
  }

  /** {@code localhost}, where the large files are on {@code 127.0.0.1}: another host. */
  public URI endpoint() {
    return URI.create("http://localhost:" + server.getAddress().getPort());
  }

  /** A file; those that end in {@code .safetensors} or {@code .parquet} are large ones. */
  public FakeHub file(String path, byte[] bytes) {
    files.put(path, bytes);
    return this;
  }

  public FakeHub file(String path, String text) {
    return file(path, text.getBytes(StandardCharsets.UTF_8));
  }

  /** Every file of a directory. */
  public FakeHub directory(Path directory) throws IOException {
    try (Stream<Path> found = Files.walk(directory)) {
      for (Path file : found.filter(Files::isRegularFile).toList()) {
        file(directory.relativize(file).toString(), Files.readAllBytes(file));
      }
    }
    return this;
  }

  /** The next request for a path (its end is enough) fares so; several are taken in turn. */
  FakeHub fault(String path, Fault fault) {
    faults.computeIfAbsent(path, unused -> new LinkedList<>()).add(fault);
    return this;
  }

  /** Sends so many bytes of what it announces, and closes the connection. */
  static Fault cutAfter(int count) {
    return (exchange, bytes, from) -> {
      announce(exchange, bytes, from);
      exchange.getResponseBody().write(bytes, (int) from, count);
      exchange.getResponseBody().flush();
      exchange.close();
    };
  }

  static Fault status(int status, String... headers) {
    return (exchange, bytes, from) -> {
      for (int i = 0; i < headers.length; i += 2) {
        exchange.getResponseHeaders().set(headers[i], headers[i + 1]);
      }
      exchange.sendResponseHeaders(status, -1);
      exchange.close();
    };
  }

  /** Sends other bytes than the file's. */
  static Fault bytes(byte[] other) {
    return (exchange, bytes, from) -> send(exchange, other, 0);
  }

  /** Sends the whole file, whatever part was asked for. */
  static Fault ignoringRange() {
    return (exchange, bytes, from) -> send(exchange, bytes, 0);
  }

  /** Sends so many bytes and then nothing. */
  static Fault stallAfter(int count, long millis) {
    return (exchange, bytes, from) -> {
      announce(exchange, bytes, from);
      exchange.getResponseBody().write(bytes, (int) from, count);
      exchange.getResponseBody().flush();
      try {
        Thread.sleep(millis);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
      exchange.close();
    };
  }

  private void handle(HttpExchange exchange) throws IOException {
    String path = exchange.getRequestURI().getPath();
    requests.add(
        new Request(
            exchange.getRequestHeaders().getFirst("Host").replaceFirst(":.*", ""),
            exchange.getRequestMethod(),
            path,
            exchange.getRequestHeaders().getFirst("Range"),
            exchange.getRequestHeaders().getFirst("Authorization")));
    boolean stored = path.startsWith("/store/");
    if (!stored
        && !token.isEmpty()
        && !("Bearer " + token).equals(requests.getLast().authorization())) {
      status(401, "X-Error-Code", "RepoNotFound").answer(exchange, null, 0);
    } else if (path.startsWith("/api/")) {
      respond(exchange, path, listing());
    } else {
      String file = path.replaceFirst(".*?/(resolve/[^/]+|store)/", "");
      byte[] bytes = files.get(file);
      if (bytes == null) {
        status(404, "X-Error-Code", "EntryNotFound").answer(exchange, null, 0);
        return;
      }
      if (!stored && isLarge(file) && redirects) {
        describe(exchange, file, bytes);
        exchange
            .getResponseHeaders()
            .set(
                "Location",
                "http://127.0.0.1:" + elsewhere.getAddress().getPort() + "/store/" + file);
        exchange.sendResponseHeaders(302, -1);
        exchange.close();
        return;
      }
      describe(exchange, file, bytes);
      respond(exchange, file, bytes);
    }
  }

  private static void describe(HttpExchange exchange, String file, byte[] bytes) {
    var headers = exchange.getResponseHeaders();
    headers.set("X-Repo-Commit", COMMIT);
    headers.set("ETag", "\"" + (isLarge(file) ? "x" + sha256(bytes) : gitSha1(bytes)) + "\"");
    if (isLarge(file)) {
      headers.set("X-Linked-Etag", "\"" + sha256(bytes) + "\"");
      headers.set("X-Linked-Size", Integer.toString(bytes.length));
    }
  }

  private void respond(HttpExchange exchange, String path, byte[] bytes) throws IOException {
    String range = exchange.getRequestHeaders().getFirst("Range");
    long from = range == null ? 0 : Long.parseLong(range.replaceAll("bytes=(\\d+)-.*", "$1"));
    Fault fault = null;
    synchronized (faults) {
      for (String at : faults.keySet()) {
        fault = path.endsWith(at) ? faults.get(at).poll() : fault;
      }
    }
    if (fault != null) {
      fault.answer(exchange, bytes, from);
    } else {
      send(exchange, bytes, from);
    }
  }

  private static void announce(HttpExchange exchange, byte[] bytes, long from) throws IOException {
    if (from > 0) {
      exchange
          .getResponseHeaders()
          .set("Content-Range", "bytes %d-%d/%d".formatted(from, bytes.length - 1, bytes.length));
    }
    if (exchange.getRequestMethod().equals("HEAD")) {
      exchange.getResponseHeaders().set("Content-Length", Integer.toString(bytes.length));
      exchange.sendResponseHeaders(200, -1);
    } else {
      long length = bytes.length - from;
      exchange.sendResponseHeaders(from > 0 ? 206 : 200, length == 0 ? -1 : length);
    }
  }

  private static void send(HttpExchange exchange, byte[] bytes, long from) throws IOException {
    announce(exchange, bytes, from);
    if (!exchange.getRequestMethod().equals("HEAD")) {
      try (OutputStream out = exchange.getResponseBody()) {
        out.write(bytes, (int) from, bytes.length - (int) from);
      }
    }
    exchange.close();
  }

  private static boolean isLarge(String path) {
    return path.endsWith(".safetensors") || path.endsWith(".parquet");
  }

  private byte[] listing() throws IOException {
    ObjectMapper json = new ObjectMapper();
    ObjectNode answer = json.createObjectNode().put("sha", COMMIT).put("id", "org/name");
    ArrayNode siblings = answer.putArray("siblings");
    files.forEach(
        (path, bytes) -> {
          ObjectNode file = siblings.addObject();
          file.put("rfilename", path).put("size", bytes.length).put("blobId", gitSha1(bytes));
          if (isLarge(path)) {
            file.putObject("lfs")
                .put("sha256", sha256(bytes))
                .put("size", bytes.length)
                .put("pointerSize", 130);
          }
        });
    extraPaths.forEach(
        path ->
            siblings
                .addObject()
                .put("rfilename", path)
                .put("size", 1)
                .put("blobId", "0".repeat(40)));
    return json.writeValueAsBytes(answer);
  }

  static String sha256(byte[] bytes) {
    return digest("SHA-256", bytes);
  }

  static String gitSha1(byte[] bytes) {
    byte[] header = ("blob " + bytes.length + "\0").getBytes(StandardCharsets.US_ASCII);
    byte[] all = Arrays.copyOf(header, header.length + bytes.length);
    System.arraycopy(bytes, 0, all, header.length, bytes.length);
    return digest("SHA-1", all);
  }

  private static String digest(String algorithm, byte[] bytes) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance(algorithm).digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  public List<Request> requestsFor(String end) {
    synchronized (requests) {
      return requests.stream().filter(r -> r.path().endsWith(end)).toList();
    }
  }

  @Override
  public void close() {
    server.stop(0);
    elsewhere.stop(0);
  }
}
