package io.whetstone.rewards.judge.endpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.whetstone.rewards.judge.Answer;
import io.whetstone.rewards.judge.Answerer;
import io.whetstone.rewards.judge.Question;
import java.io.IOException;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EndpointAnswererTest {

  private static final String KEY = "sk-verysecret0123456789";

  @TempDir Path cache;

  private Answerer open(String url, Map<String, Object> more) {
    Map<String, Object> settings = new HashMap<>();
    settings.put("url", url);
    settings.put("model", "the-judge");
    settings.put("backoff", "5ms");
    settings.put("cache", Map.of("directory", cache.toString(), "megabytes", 0));
    settings.putAll(more);
    return new EndpointProvider(Map.of("JUDGE_KEY", KEY, "BROKEN_KEY", "a\nb")::get).open(settings);
  }

  private static Question question(String text) {
    return new Question(Optional.of("be fair"), text, 0);
  }

  private static String text(Answer answer) {
    return assertInstanceOf(Answer.Given.class, answer, answer.toString()).text();
  }

  private static String reason(Answer answer) {
    return assertInstanceOf(Answer.Failed.class, answer, answer.toString()).reason();
  }

  private Answer ask(ChatServer server, Map<String, Object> more) throws Exception {
    try (Answerer answerer = open(server.url(), more)) {
      return answerer.answer(List.of(question("?"))).getFirst();
    }
  }

  @Test
  void theRequestIsWhatWasAskedFor() throws Exception {
    try (ChatServer server = ChatServer.saying("ready");
        Answerer answerer =
            open(
                server.url() + "/",
                Map.of(
                    "temperature",
                    0.5,
                    "seed",
                    7,
                    "max-tokens",
                    33,
                    "api-key-env",
                    "JUDGE_KEY",
                    "price",
                    Map.of("prompt", 2.0, "answer", 10.0),
                    "body",
                    Map.of("response_format", Map.of("type", "json_object"))))) {
      List<Answer> answers =
          answerer.answer(List.of(question("a \ud800 b"), new Question(Optional.empty(), "c", 2)));
      Answer.Given given = assertInstanceOf(Answer.Given.class, answers.getFirst());
      assertEquals("ready", given.text());
      assertEquals(100, given.expense().promptTokens());
      assertEquals((100 * 2.0 + 20 * 10.0) / 1e6, given.expense().cost(), 1e-15);
      var first =
          server.requests().stream().filter(r -> r.get("messages").size() == 2).findFirst().get();
      assertEquals("system", first.at("/messages/0/role").asText());
      assertEquals("a \ufffd b", first.at("/messages/1/content").asText());
      assertEquals("json_object", first.at("/response_format/type").asText());
      assertEquals(33, first.get("max_tokens").asInt());
      assertEquals(0.5, first.get("temperature").asDouble());
      assertEquals(List.of("Bearer " + KEY, "Bearer " + KEY), server.keys());
      assertEquals(
          List.of(7L, 9L),
          server.requests().stream().map(r -> r.get("seed").asLong()).sorted().toList());
      assertFalse(answerer.repeats());
      assertTrue(answerer.draws());
    }
  }

  @Test
  void faultsThatPassAreTriedAgain() throws Exception {
    ChatServer.Behaviour faults =
        (exchange, request, number) -> {
          switch (number) {
            case 0 -> ChatServer.send(exchange, 500, "text/plain", "oops");
            case 1 -> {
              exchange.getResponseHeaders().set("Retry-After", "0");
              ChatServer.send(
                  exchange, 429, "application/json", "{\"error\":{\"message\":\"slow\"}}");
            }
            case 2 -> ChatServer.send(exchange, 200, "text/html", "<html>a proxy's page</html>");
            case 3 -> ChatServer.send(exchange, 200, "application/json", "{\"choices\":[]}");
            case 4 -> ChatServer.send(exchange, 200, "application/json", "{\"choices\":[{\"mess");
            case 5 -> {
              exchange.sendResponseHeaders(200, 1000); // cut: the server goes away
              exchange.getResponseBody().write("{\"choices\"".getBytes(StandardCharsets.UTF_8));
              exchange.close();
            }
            case 6 -> ChatServer.send(exchange, 503, "text/plain", "");
            default -> ChatServer.say(exchange, "at last");
          }
        };
    try (ChatServer server = new ChatServer(faults)) {
      assertEquals("at last", text(ask(server, Map.of("attempts", 8))));
      assertEquals(8, server.requests().size());
    }
    try (ChatServer server = new ChatServer(faults)) {
      assertTrue(reason(ask(server, Map.of("attempts", 4))).contains("(attempt 4)"));
    }
  }

  @Test
  void whatIsSlowTimesOutEvenInTheBody() throws Exception {
    for (boolean headers : new boolean[] {true, false}) {
      CountDownLatch over = new CountDownLatch(1);
      try (ChatServer server =
          new ChatServer(
              (exchange, request, number) -> {
                if (headers) {
                  exchange.sendResponseHeaders(200, 1000);
                  exchange.getResponseBody().write('{');
                  exchange.getResponseBody().flush();
                }
                over.await();
              })) {
        Answer answer = ask(server, Map.of("timeout", "300ms", "attempts", 2));
        assertTrue(assertInstanceOf(Answer.Failed.class, answer).timeout());
        assertTrue(
            reason(answer).contains("no answer within 0.3 seconds (attempt 2)"), reason(answer));
        over.countDown();
      }
    }
  }

  @Test
  void whatCannotSucceedIsNotTriedAgain() throws Exception {
    for (int status : new int[] {401, 403, 404, 301}) {
      try (ChatServer server =
              new ChatServer(
                  (exchange, request, number) ->
                      ChatServer.send(
                          exchange,
                          status,
                          "application/json",
                          "{\"error\":{\"message\":\"no, " + KEY + " will not do\"}}"));
          Answerer answerer =
              open(server.url(), Map.of("api-key-env", "JUDGE_KEY", "concurrency", 1))) {
        for (int i = 0; i < 3; i++) {
          String reason = reason(answerer.answer(List.of(question("q" + i))).getFirst());
          assertTrue(reason.contains("status " + status), reason);
          assertFalse(reason.contains(KEY), reason);
        }
        assertEquals(1, server.requests().size(), "after " + status + " nothing more is sent");
        String refused =
            assertThrows(IllegalArgumentException.class, answerer::preflight).getMessage();
        assertFalse(refused.contains(KEY), refused);
      }
    }
    try (ChatServer server =
        new ChatServer(
            (exchange, request, number) ->
                ChatServer.send(
                    exchange, 400, "application/json", "{\"error\":\"context length\"}"))) {
      assertTrue(reason(ask(server, Map.of())).endsWith("status 400: context length"));
      assertEquals(1, server.requests().size());
    }
    try (ChatServer server =
        new ChatServer(
            (exchange, request, number) ->
                ChatServer.send(
                    exchange,
                    429,
                    "application/json",
                    "{\"error\":{\"code\":\"insufficient_quota\",\"message\":\"pay\"}}"))) {
      assertTrue(reason(ask(server, Map.of())).contains("pay"));
      assertEquals(1, server.requests().size());
    }
  }

  @Test
  void aServerThatAsksForAnHourIsLeftAlone() throws Exception {
    try (ChatServer server =
        new ChatServer(
            (exchange, request, number) -> {
              exchange.getResponseHeaders().set("Retry-After", "3600");
              ChatServer.send(exchange, 429, "text/plain", "later");
            })) {
      assertTrue(reason(ask(server, Map.of())).contains("asking to wait PT1H"));
      assertEquals(1, server.requests().size());
    }
  }

  @Test
  void theSecretIsNowhere() throws Exception {
    try (ChatServer server = ChatServer.saying("your key is " + KEY);
        Answerer answerer =
            open(
                server.url(),
                Map.of(
                    "api-key-env", "JUDGE_KEY", "cache", Map.of("directory", cache.toString())))) {
      assertEquals("your key is [key]", text(answerer.answer(List.of(question("?"))).getFirst()));
      try (Stream<Path> files = Files.walk(cache)) {
        List<Path> written = files.filter(Files::isRegularFile).toList();
        assertEquals(1, written.size());
        assertFalse(Files.readString(written.getFirst()).contains(KEY));
      }
    }
    for (String name : List.of("BROKEN_KEY", "MISSING_KEY")) {
      try (Answerer answerer = open("http://localhost:1/v1", Map.of("api-key-env", name))) {
        String refused =
            assertThrows(IllegalArgumentException.class, answerer::preflight).getMessage();
        assertTrue(refused.contains(name) && refused.startsWith("api-key-env: "), refused);
        assertFalse(refused.contains("a\nb"));
      }
    }
    String refused =
        assertThrows(
                IllegalArgumentException.class,
                () -> open("https://me:" + KEY + "@example.org/v1", Map.of()))
            .getMessage();
    assertFalse(refused.contains(KEY), refused);
  }

  @Test
  void theModelsThereAreAreNamed() throws Exception {
    try (ChatServer server =
            new ChatServer(
                (exchange, request, number) ->
                    ChatServer.send(
                        exchange,
                        404,
                        "application/json",
                        "{\"object\":\"error\",\"message\":\"The model does not exist\"}"));
        Answerer answerer = open(server.url(), Map.of("model", "the-jugde"))) {
      String refused =
          assertThrows(IllegalArgumentException.class, answerer::preflight).getMessage();
      assertTrue(refused.contains("does not exist"), refused);
      assertTrue(refused.endsWith("There is: the-judge"), refused);
    }
    try (ChatServer server = ChatServer.saying("ready");
        Answerer answerer = open(server.url(), Map.of())) {
      answerer.preflight();
    }
    int nobody;
    try (ServerSocket socket = new ServerSocket(0)) {
      nobody = socket.getLocalPort();
    }
    try (Answerer answerer = open("http://localhost:" + nobody + "/v1", Map.of())) {
      String refused =
          assertThrows(IllegalArgumentException.class, answerer::preflight).getMessage();
      assertTrue(refused.contains("is the server running?"), refused);
    }
  }

  @Test
  void answersAreRememberedByRequest() throws Exception {
    Map<String, Object> remembering =
        Map.of("cache", Map.of("directory", cache.toString()), "temperature", 1);
    try (ChatServer server =
        new ChatServer(
            (exchange, request, number) -> ChatServer.say(exchange, "number " + number))) {
      try (Answerer answerer = open(server.url(), remembering)) {
        assertEquals("number 0", text(answerer.answer(List.of(question("a"))).getFirst()));
        assertEquals("number 0", text(answerer.answer(List.of(question("a"))).getFirst()));
        Question again = new Question(Optional.of("be fair"), "a", 1);
        assertEquals("number 1", text(answerer.answer(List.of(again)).getFirst()));
      }
      try (Answerer resumed = open(server.url(), remembering)) {
        Answer.Given given =
            assertInstanceOf(Answer.Given.class, resumed.answer(List.of(question("a"))).getFirst());
        assertEquals("number 0", given.text());
        assertEquals(100, given.expense().promptTokens());
      }
      Map<String, Object> colder = new HashMap<>(remembering);
      colder.put("temperature", 0);
      try (Answerer other = open(server.url(), colder)) {
        assertEquals("number 2", text(other.answer(List.of(question("a"))).getFirst()));
      }
      try (Stream<Path> files = Files.walk(cache)) {
        for (Path file : files.filter(Files::isRegularFile).toList()) {
          Files.writeString(file, "{\"text\":"); // a disc that was full
        }
      }
      try (Answerer again = open(server.url(), remembering)) {
        assertEquals("number 3", text(again.answer(List.of(question("a"))).getFirst()));
      }
    }
  }

  @Test
  void theCacheIsBoundedAndTouchesNothingElse() throws IOException {
    Path stranger = Files.writeString(cache.resolve("notes.json"), "mine");
    AnswerCache small = new AnswerCache(cache, 2_000);
    for (int i = 0; i < 60; i++) {
      String key = String.format("%064x", i * 31L);
      small.put(key, new AnswerCache.Remembered("x".repeat(50), true, i, i));
      assertEquals(i, small.get(key).orElseThrow().promptTokens());
    }
    try (Stream<Path> files = Files.walk(cache)) {
      long bytes =
          files
              .filter(file -> file.toString().matches(".*[0-9a-f]{64}.json"))
              .mapToLong(file -> file.toFile().length())
              .sum();
      assertTrue(bytes > 500 && bytes <= 2_000, bytes + " bytes");
    }
    assertEquals("mine", Files.readString(stranger));
  }

  @Test
  void requestsAreBoundedInNumberAndPace() throws Exception {
    try (ChatServer server =
            new ChatServer(
                (exchange, request, number) -> {
                  TimeUnit.MILLISECONDS.sleep(30);
                  ChatServer.say(exchange, "x");
                });
        Answerer answerer = open(server.url(), Map.of("concurrency", 3))) {
      answerer.answer(IntStream.range(0, 12).mapToObj(i -> question("q" + i)).toList());
      assertEquals(12, server.requests().size());
      assertTrue(server.mostInFlight() <= 3, server.mostInFlight() + " at once");
      assertTrue(server.mostInFlight() >= 2, "one after the other");
    }
    try (ChatServer server = ChatServer.saying("x");
        Answerer answerer = open(server.url(), Map.of("requests-per-minute", 1200))) {
      long start = System.nanoTime();
      answerer.answer(IntStream.range(0, 5).mapToObj(i -> question("q" + i)).toList());
      assertTrue(System.nanoTime() - start >= 4 * 50_000_000L, "faster than asked for");
    }
  }

  @Test
  void anInterruptEndsTheWaiting() throws Exception {
    CountDownLatch over = new CountDownLatch(1);
    try (ChatServer server = new ChatServer((exchange, request, number) -> over.await());
        Answerer answerer = open(server.url(), Map.of())) {
      Thread waiting =
          Thread.ofVirtual()
              .start(
                  () -> {
                    try {
                      answerer.answer(List.of(question("?")));
                    } catch (InterruptedException e) {
                      Thread.currentThread().interrupt();
                    }
                  });
      while (server.requests().isEmpty()) {
        Thread.sleep(5);
      }
      waiting.interrupt();
      assertTrue(waiting.join(java.time.Duration.ofSeconds(10)));
      over.countDown();
    }
  }

  @Test
  void backoffDoublesAndFollowsFromTheRequest() {
    Backoff backoff =
        new Backoff(java.time.Duration.ofSeconds(1), java.time.Duration.ofSeconds(60));
    for (int attempt = 0; attempt < 10; attempt++) {
      double seconds = backoff.before(42, attempt).toNanos() * 1e-9;
      double full = Math.min(60, Math.pow(2, attempt));
      assertTrue(seconds > full / 2 && seconds <= full, attempt + ": " + seconds);
      assertEquals(backoff.before(42, attempt), backoff.before(42, attempt));
    }
    assertFalse(backoff.before(1, 3).equals(backoff.before(2, 3)));
    var now = java.time.Instant.parse("2026-01-01T00:00:00Z");
    assertEquals(90, Backoff.asked("Thu, 01 Jan 2026 00:01:30 GMT", now).orElseThrow().toSeconds());
    assertEquals(0, Backoff.asked("Wed, 31 Dec 2025 00:00:00 GMT", now).orElseThrow().toSeconds());
    assertEquals(1500, Backoff.asked("1.5", now).orElseThrow().toMillis());
    assertTrue(Backoff.asked("soon", now).isEmpty());
  }

  @Test
  void impossibleSettingsAreRefused() {
    for (Map<String, Object> wrong :
        List.<Map<String, Object>>of(
            Map.of("url", "localhost:8000"),
            Map.of("url", "ftp://x/v1"),
            Map.of("body", Map.of("model", "x")),
            Map.of("body", Map.of("stream", true)),
            Map.of("attempts", 0),
            Map.of("temperature", 3),
            Map.of("api-key", "sk-1"))) {
      assertThrows(
          IllegalArgumentException.class,
          () -> open("http://localhost/v1", wrong),
          wrong.toString());
    }
  }
}
