package io.whetstone.rewards.judge.endpoint;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.whetstone.rewards.judge.Answer;
import io.whetstone.rewards.judge.Answerer;
import io.whetstone.rewards.judge.Question;
import io.whetstone.rewards.judge.endpoint.Endpoint.Outcome;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/**
 * A model behind an HTTP endpoint: each question a request, tried again where that may help, and
 * remembered on disc. Once the server said that no request can succeed (a wrong key, an unknown
 * model), none is sent any more.
 */
final class EndpointAnswerer implements Answerer {

  private static final Question PROBE = new Question(Optional.empty(), "Say: ready", 0);

  private final EndpointSettings settings;
  private final ChatMessages messages;
  private final Endpoint endpoint;
  private final AnswerCache cache;
  private final Pace pace;
  private final Backoff backoff;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private volatile Optional<String> closed = Optional.empty();

  EndpointAnswerer(EndpointSettings settings, ApiKey key) {
    this.settings = settings;
    this.messages = new ChatMessages(settings);
    this.endpoint = new Endpoint(settings, key);
    this.cache =
        new AnswerCache(settings.cache().place(), (long) settings.cache().megabytes() << 20);
    this.pace = new Pace(settings);
    this.backoff = new Backoff(settings.backoff(), settings.mostBackoff());
  }

  @Override
  public List<Answer> answer(List<Question> questions) throws InterruptedException {
    List<Callable<Answer>> asked = new ArrayList<>();
    questions.forEach(question -> asked.add(() -> answer(question)));
    List<Answer> answers = new ArrayList<>();
    for (Future<Answer> each : threads.invokeAll(asked)) {
      try {
        answers.add(each.get());
      } catch (ExecutionException e) {
        answers.add(new Answer.Failed(e.getCause().toString(), false));
      }
    }
    return answers;
  }

  private Answer answer(Question question) throws InterruptedException {
    byte[] body = messages.body(question);
    String key = key(body, question.vote());
    Optional<AnswerCache.Remembered> known = cache.get(key);
    if (known.isPresent()) {
      var its = known.get();
      return new Answer.Given(
          its.text(), its.complete(), messages.expense(its.promptTokens(), its.answerTokens()));
    }
    Answer answer = ask(body, Long.parseUnsignedLong(key.substring(0, 16), 16));
    if (answer instanceof Answer.Given given) {
      cache.put(
          key,
          new AnswerCache.Remembered(
              given.text(),
              given.complete(),
              given.expense().promptTokens(),
              given.expense().answerTokens()));
    }
    return answer;
  }

  private Answer ask(byte[] body, long key) throws InterruptedException {
    for (int attempt = 0; ; attempt++) {
      if (closed.isPresent()) {
        return new Answer.Failed(closed.get(), false);
      }
      Outcome outcome;
      pace.enter();
      try {
        outcome = endpoint.post(body);
      } finally {
        pace.leave();
      }
      Outcome.Again again;
      switch (outcome) {
        case Outcome.Responded(byte[] response, String contentType) -> {
          try {
            return messages.answer(response, contentType);
          } catch (ChatMessages.NotAnAnswerException e) {
            again = new Outcome.Again(e.getMessage(), false, Optional.empty());
          }
        }
        case Outcome.Again failed -> again = failed;
        case Outcome.Refused(String reason) -> {
          return new Answer.Failed(reason, false);
        }
        case Outcome.Closed(String reason) -> {
          closed = Optional.of(reason);
          return new Answer.Failed(reason, false);
        }
      }
      Duration wait = again.delay().orElse(backoff.before(key, attempt));
      if (attempt + 1 == settings.attempts() || wait.compareTo(settings.mostBackoff()) > 0) {
        String waits = attempt + 1 < settings.attempts() ? ", asking to wait " + wait : "";
        return new Answer.Failed(
            again.reason() + " (attempt " + (attempt + 1) + waits + ")", again.timeout());
      }
      TimeUnit.NANOSECONDS.sleep(wait.toNanos());
    }
  }

  private String key(byte[] body, int vote) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      digest.update((settings.url() + "\n" + vote + "\n").getBytes(StandardCharsets.UTF_8));
      return HexFormat.of().formatHex(digest.digest(body));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public void preflight() throws InterruptedException {
    cache.prepare();
    Outcome outcome = endpoint.post(messages.body(PROBE));
    for (int attempt = 0; outcome instanceof Outcome.Again && attempt < 2; attempt++) {
      TimeUnit.NANOSECONDS.sleep(backoff.before(0, attempt).toNanos());
      outcome = endpoint.post(messages.body(PROBE));
    }
    switch (outcome) {
      case Outcome.Responded(byte[] response, String contentType) -> {
        try {
          messages.answer(response, contentType);
        } catch (ChatMessages.NotAnAnswerException e) {
          throw new IllegalArgumentException(
              "url: " + settings.url() + ": " + e.getMessage() + "; is it a chat endpoint?", e);
        }
      }
      case Outcome.Again(String reason, boolean _, Optional<Duration> _) -> refuse(reason);
      case Outcome.Refused(String reason) -> refuse(reason);
      case Outcome.Closed(String reason) -> refuse(reason + there());
    }
  }

  private static void refuse(String reason) {
    throw new IllegalArgumentException(reason);
  }

  /** The models that there are, for a person who misspelt one. */
  private String there() throws InterruptedException {
    if (!(endpoint.models() instanceof Outcome.Responded(byte[] response, String _))) {
      return "";
    }
    try {
      JsonNode models = new ObjectMapper().readTree(response).path("data");
      List<String> names = new ArrayList<>();
      models.forEach(model -> names.add(model.path("id").asText("")));
      return names.isEmpty() || names.contains(settings.model())
          ? ""
          : " There is: " + String.join(", ", names.subList(0, Math.min(20, names.size())));
    } catch (IOException e) {
      return "";
    }
  }

  /** The answer may change from one request to the next, and a server may be gone. */
  @Override
  public boolean repeats() {
    return false;
  }

  @Override
  public boolean draws() {
    return settings.temperature() > 0;
  }

  /** As many groups as requests: each then waits for its own and one of every other at most. */
  @Override
  public OptionalInt concurrency() {
    return OptionalInt.of(settings.concurrency());
  }

  @Override
  public Duration patience(int questions) {
    Duration one = settings.timeout().plus(settings.mostBackoff());
    Duration worst = one.multipliedBy((long) settings.attempts() * (questions + 1));
    return settings.requestsPerMinute() == 0
        ? worst
        : worst.plusMillis(
            (long)
                (60e3
                    / settings.requestsPerMinute()
                    * questions
                    * settings.concurrency()
                    * settings.attempts()));
  }

  @Override
  public void close() {
    threads.shutdownNow();
    endpoint.close();
  }
}
