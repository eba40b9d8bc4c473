package io.whetstone.rewards;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.whetstone.datasets.DatasetException;
import io.whetstone.datasets.JsonLines;
import io.whetstone.datasets.Task;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * Scores stored completions, a JSON object a line: {@code {"prompt": …, "completion": …, "answer":
 * …, …}} in, {@code {"rewards": {…}, "outcomes": {…}, "extracted": {…}}} out. Each line is a group
 * of one. Holds some hundred lines at a time.
 */
public final class ScoreFile {

  /** Lines that are scored at the same time: enough for every thread, little to hold. */
  private static final int BATCH = 256;

  private static final ObjectMapper JSON = new ObjectMapper();

  /** Takes one line of the result, without the line end. */
  @FunctionalInterface
  public interface Sink {
    void accept(String line) throws IOException;
  }

  private final RewardPipeline rewards;

  public ScoreFile(RewardPipeline rewards) {
    this.rewards = rewards;
  }

  /**
   * Scores a whole stream. Results come in the lines' order; those before a bad line have been
   * written when it is met.
   *
   * @param name of the file, for messages
   * @return how many lines were scored
   * @throws DatasetException if a line is not what is expected; {@code FILE:LINE: …}
   */
  public long score(String name, InputStream in, Sink out)
      throws IOException, InterruptedException {
    long count = 0;
    try (JsonLines lines = new JsonLines(in)) {
      List<Group> batch = new ArrayList<>();
      DatasetException bad = null;
      for (JsonLines.Line line = lines.next(); line != null && bad == null; line = lines.next()) {
        try {
          batch.add(read(name, line));
        } catch (DatasetException e) {
          bad = new DatasetException(name + ":" + line.number() + ": " + e.getMessage(), e);
        }
        if (batch.size() == BATCH) {
          count += flush(batch, out);
        }
      }
      count += flush(batch, out);
      if (bad != null) {
        throw bad;
      }
    }
    return count;
  }

  private Group read(String name, JsonLines.Line line) {
    ObjectNode object = JsonLines.parse(line);
    String prompt = text(object, "prompt", true).orElseThrow();
    String completion = text(object, "completion", true).orElseThrow();
    Task task =
        new Task(
            text(object, "id", false).orElse(name + ":" + line.number()),
            prompt,
            text(object, "answer", false),
            List.of(),
            JsonLines.fields(object));
    rewards.check(task);
    String prefix = text(object, "prompt-prefix", false).orElse("");
    String stop = text(object, "stop", false).orElse("end");
    return new Group(task, prefix, List.of(new Candidate(completion, ids(object), stop)));
  }

  private static Optional<String> text(ObjectNode object, String field, boolean required) {
    JsonNode node = object.get(field);
    if (node == null || node.isNull()) {
      if (required) {
        throw new DatasetException(field + ": is missing; expected text");
      }
      return Optional.empty();
    }
    // A gold answer or an id may well be written as a number.
    if (!node.isTextual() && (required || !node.isNumber())) {
      throw new DatasetException(
          field + ": is " + node.getNodeType().name().toLowerCase(Locale.ROOT) + "; expected text");
    }
    return Optional.of(node.asText());
  }

  private static int[] ids(ObjectNode object) {
    JsonNode node = object.get("ids");
    if (node == null || node.isNull()) {
      return new int[0];
    }
    if (!node.isArray()) {
      throw new DatasetException("ids: is not a list of token numbers");
    }
    int[] ids = new int[node.size()];
    for (int i = 0; i < ids.length; i++) {
      if (!node.get(i).canConvertToInt() || !node.get(i).isIntegralNumber()) {
        throw new DatasetException("ids[" + i + "]: " + node.get(i) + " is not a token's number");
      }
      ids[i] = node.get(i).intValue();
    }
    return ids;
  }

  private int flush(List<Group> batch, Sink out) throws IOException, InterruptedException {
    int count = batch.size();
    for (ScoredGroup scored : rewards.score(batch)) {
      out.accept(line(scored));
    }
    batch.clear();
    return count;
  }

  private static String line(ScoredGroup scored) throws JsonProcessingException {
    ObjectNode line = JSON.createObjectNode();
    ObjectNode values = line.putObject("rewards");
    ObjectNode outcomes = line.putObject("outcomes");
    ObjectNode extracted = line.putObject("extracted");
    scored
        .scores()
        .forEach(
            (name, scores) -> {
              Score score = scores.getFirst();
              score.value().ifPresentOrElse(v -> values.put(name, v), () -> values.putNull(name));
              outcomes.put(name, score.outcome().text());
              extracted.put(name, score.extracted().orElse(null));
            });
    return JSON.writeValueAsString(line);
  }
}
