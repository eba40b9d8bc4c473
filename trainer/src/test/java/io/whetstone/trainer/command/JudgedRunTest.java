package io.whetstone.trainer.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs whose rewards a judge behind HTTP gives, and one that never answers the same. */
class JudgedRunTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir Path runs;

  private final AtomicInteger asked = new AtomicInteger();
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private HttpServer server;
  private int status = 200;

  @BeforeEach
  void serve() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(threads);
    server.createContext("/v1/chat/completions", this::answer);
    server.start();
  }

  @AfterEach
  void stop() {
    server.stop(0);
    threads.shutdownNow();
  }

  /** Another grade for each question, whatever it is. */
  private void answer(HttpExchange exchange) throws IOException {
    try (exchange) {
      exchange.getRequestBody().readAllBytes();
      int number = asked.getAndIncrement();
      String words = "<verdict>" + number * 7 % 11 + "</verdict>";
      byte[] body =
          ("{\"choices\":[{\"message\":{\"content\":\"%s\"},\"finish_reason\":\"stop\"}],"
                  + "\"usage\":{\"prompt_tokens\":50,\"completion_tokens\":4}}")
              .formatted(words)
              .getBytes(StandardCharsets.UTF_8);
      exchange.sendResponseHeaders(status, body.length);
      exchange.getResponseBody().write(body);
    }
  }

  private String judge() {
    return ("{judge: {endpoint: {url: 'http://localhost:%d/v1', model: m, backoff: 1ms,"
            + " cache: {megabytes: 0}, price: {prompt: 1, answer: 2}}}}")
        .formatted(server.getAddress().getPort());
  }

  private String[] arguments(String... more) {
    List<String> all =
        new ArrayList<>(
            List.of(
                "--set",
                "grpo.rewards=[accuracy, " + judge() + "]",
                "--set",
                "grpo.checkpoint-every=0",
                "--set",
                "grpo.evaluate-every=0"));
    all.addAll(List.of(more));
    return all.toArray(String[]::new);
  }

  private static List<String> rewards(Path run) throws IOException {
    List<String> lines = new ArrayList<>();
    for (JsonNode line : RunFiles.completions(run)) {
      lines.add(line.get("text") + " " + line.get("rewards") + " " + line.get("notes"));
    }
    return lines;
  }

  @Test
  void whatWasSaidOnceIsUsedAgain() throws IOException {
    CommandLineRun.train(runs, "whole", arguments()).succeeded();
    Path whole = runs.resolve("whole");
    RunFiles before = RunFiles.of(whole);
    assertTrue(rewards(whole).stream().distinct().count() > 50);
    assertTrue(RunFiles.values(whole, "reward/judge/prompt-tokens").getFirst() >= 50 * 8);
    assertTrue(RunFiles.values(whole, "reward/judge/cost").getFirst() > 0);

    // The look before the run, and no question of an evaluation that the judge does not decide.
    assertTrue(asked.get() <= 1 + rewards(whole).size(), asked + " questions");

    // As if it had been killed before its last checkpoint was written.
    try (Stream<Path> files = Files.walk(whole.resolve("checkpoints/step-11"))) {
      for (Path file : files.sorted(java.util.Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
    int questions = asked.get();
    CommandLineRun.train(runs, "whole", arguments("--resume")).succeeded();
    assertEquals(before, RunFiles.of(whole));
    assertEquals(questions + 1, asked.get(), "more was asked than whether the server is there");
  }

  @Test
  void aKilledRunGoesOnWithTheScoresItUsed() throws Exception {
    Path log = runs.resolve("log");
    Path run = runs.resolve("killed");
    Process process =
        CommandLineRun.start(log, List.of(), CommandLineRun.arguments(runs, "killed", arguments()));
    while (process.isAlive() && steps(run) < 9) {
      Thread.sleep(2);
    }
    process.destroyForcibly().waitFor(1, TimeUnit.MINUTES);
    List<String> used = RunFiles.metrics(run).stream().filter(l -> l.contains("\"grpo\"")).toList();
    assertTrue(used.size() >= 3, Files.readString(log));
    CommandLineRun.train(runs, "killed", arguments("--resume")).succeeded();
    List<String> all = RunFiles.metrics(run).stream().filter(l -> l.contains("\"grpo\"")).toList();
    assertEquals(used, all.subList(0, used.size()));
  }

  private static long steps(Path run) throws IOException {
    Path metrics = run.resolve("metrics.jsonl");
    return Files.exists(metrics)
        ? Files.readString(metrics).chars().filter(c -> c == '\n').count()
        : 0;
  }

  @Test
  void aServerThatWillNotAnswerIsFoundBeforeTheRunBegins() throws IOException {
    status = 401;
    String refused = CommandLineRun.train(runs, "refused", arguments()).refused(2);
    assertTrue(refused.contains("grpo.rewards.judge"), refused);
    assertTrue(refused.contains("status 401") && refused.contains("api-key-env"), refused);
    assertFalse(Files.exists(runs.resolve("refused")));
    Path file =
        Files.writeString(runs.resolve("f.jsonl"), "{\"prompt\":\"p\",\"completion\":\"c\"}");
    CommandLineRun.of("score", "--rewards", "[" + judge() + "]", "--file", file.toString())
        .refused(2);
  }

  @Test
  void storedCompletionsAreJudged() throws IOException {
    Path file = runs.resolve("f.jsonl");
    Files.writeString(file, "{\"prompt\":\"1+1=?\",\"completion\":\"2\"}\n".repeat(3));
    CommandLineRun run =
        CommandLineRun.of(
                "score", "--rewards", "[" + judge() + "]", "--file", file.toString(), "--explain")
            .succeeded();
    for (String line : run.out().lines().toList()) {
      JsonNode node = JSON.readTree(line);
      assertEquals("scored", node.at("/outcomes/judge").asText(), line);
      assertEquals("50", node.at("/notes/judge/prompt-tokens").asText(), line);
    }
    assertEquals(3, run.out().lines().count());
  }

  @Test
  void theJudgeOfOurOwnThatIsShippedTellsRightFromWrong() throws IOException {
    Path configuration =
        Path.of("").toAbsolutePath().resolveSibling("configs/reward-models/judge.yaml");
    Path file = runs.resolve("f.jsonl");
    Files.writeString(
        file,
        """
        {"prompt":"7+5=?","completion":"<think>7+5=12</think><answer>12</answer>"}
        {"prompt":"7+5=?","completion":"<think>7+5=13</think><answer>13</answer>"}
        {"prompt":"7+5=?","completion":"<think>7+5=12"}
        {"prompt":"7+5=?","completion":"<answer>twelve</answer>"}
        """);
    CommandLineRun run =
        CommandLineRun.of("score", "--rewards", configuration.toString(), "--file", file.toString())
            .succeeded();
    List<String> outcomes = new ArrayList<>();
    for (String line : run.out().lines().toList()) {
      outcomes.add(JSON.readTree(line).at("/outcomes/judge").asText());
    }
    // The last has letters, which the judge's vocabulary has not: that is no finding.
    assertEquals(List.of("correct", "wrong", "wrong", "error"), outcomes);
  }
}
