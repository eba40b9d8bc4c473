package io.whetstone.rewards.judge.endpoint;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;

/** Plays the API of chat completions, faults included. */
public final class ChatServer implements AutoCloseable {

  /** What happens to the n-th request. */
  public interface Behaviour {
    void answer(HttpExchange exchange, JsonNode request, int number) throws Exception;
  }

  private static final ObjectMapper JSON = new ObjectMapper();

  private final HttpServer server;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final List<JsonNode> requests = new CopyOnWriteArrayList<>();
  private final List<String> keys = new CopyOnWriteArrayList<>();
  private final AtomicInteger inFlight = new AtomicInteger();
  private final AtomicInteger mostInFlight = new AtomicInteger();

  public ChatServer(Behaviour behaviour) throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(threads);
    server.createContext(
        "/v1/chat/completions",
        exchange -> {
          mostInFlight.accumulateAndGet(inFlight.incrementAndGet(), Math::max);
          try (exchange) {
            JsonNode request = JSON.readTree(exchange.getRequestBody());
            String key = exchange.getRequestHeaders().getFirst("Authorization");
            keys.add(key == null ? "" : key);
            int number;
            synchronized (requests) {
              number = requests.size();
              requests.add(request);
            }
            behaviour.answer(exchange, request, number);
          } catch (IOException e) {
            throw e;
          } catch (Exception e) {
            throw new IOException(e);
          } finally {
            inFlight.decrementAndGet();
          }
        });
    server.createContext(
        "/v1/models",
        exchange -> {
          try (exchange) {
            send(exchange, 200, "application/json", "{\"data\":[{\"id\":\"the-judge\"}]}");
          }
        });
    server.start();
  }

  /** A server that answers every request with these words. */
  public static ChatServer saying(String words) throws IOException {
    return new ChatServer((exchange, request, number) -> say(exchange, words));
  }

  public static void say(HttpExchange exchange, String words) throws IOException {
    Map<String, Object> response =
        Map.of(
            "choices",
            List.of(
                Map.of(
                    "message",
                    Map.of("role", "assistant", "content", words),
                    "finish_reason",
                    "stop")),
            "usage",
            Map.of("prompt_tokens", 100, "completion_tokens", 20));
    send(exchange, 200, "application/json", JSON.writeValueAsString(response));
  }

  public static void send(HttpExchange exchange, int status, String type, String body)
      throws IOException {
    byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
    exchange.getResponseHeaders().set("Content-Type", type);
    exchange.sendResponseHeaders(status, bytes.length == 0 ? -1 : bytes.length);
    exchange.getResponseBody().write(bytes);
  }

  public String url() {
    return "http://localhost:" + server.getAddress().getPort() + "/v1";
  }

  public List<JsonNode> requests() {
    return requests;
  }

  /** What each request had as Authorization. */
  public List<String> keys() {
    return keys;
  }

  public int mostInFlight() {
    return mostInFlight.get();
  }

  @Override
  public void close() {
    server.stop(0);
    threads.shutdownNow();
  }
}
