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
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;

/**
 * Scores stored completions, a JSON object a line: {@code {"prompt": …, "completion": …, "answer":
 * …, …}} in, {@code {"rewards": {…}, "outcomes": {…}, "extracted": {…}}} out. Holds some hundred
 * lines at a time.
 *
 * <p>Each line is a group of one, unless a reward compares the completions of a task: then lines
 * that follow each other with the same prompt, answer and further fields are one group.
 */
public final class ScoreFile {

  /** Lines that are scored at the same time: enough for every thread, little to hold. */
  private static final int BATCH = 256;

  /** Bytes of lines that are held at the same time, but for one line more and one group. */
  private static final int BATCH_BYTES = 16 << 20;

  /** Completions of one task that are compared: more than any training has in a group. */
  private static final int LARGEST_GROUP = 1024;

  /** What a line has of its own; what else it holds is the task's. */
  private static final Set<String> OF_COMPLETION = Set.of("completion", "ids", "stop", "id");

  private static final ObjectMapper JSON = new ObjectMapper();

  /** Takes one line of the result, without the line end. */
  @FunctionalInterface
  public interface Sink {
    void accept(String line) throws IOException;
  }

  private final RewardPipeline rewards;
  private final boolean explained;

  public ScoreFile(RewardPipeline rewards) {
    this(rewards, false);
  }

  /**
   * @param explained whether a line also has the rewards' {@code notes} and their {@code total}
   */
  public ScoreFile(RewardPipeline rewards, boolean explained) {
    this.rewards = rewards;
    this.explained = explained;
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
      int waiting = 0;
      long bytes = 0;
      RuntimeException bad = null;
      for (JsonLines.Line line = lines.next(); line != null && bad == null; line = lines.next()) {
        try {
          Group read = read(name, line);
          boolean joined = !batch.isEmpty() && joins(batch.getLast(), read);
          if (!joined && (waiting >= BATCH || bytes >= BATCH_BYTES)) {
            count += flush(batch, out);
            waiting = 0;
            bytes = 0;
          }
          if (joined) {
            batch.add(joined(batch.removeLast(), read));
          } else {
            batch.add(read);
          }
          waiting++;
          bytes += line.bytes().length;
        } catch (DatasetException e) {
          bad = new DatasetException(name + ":" + line.number() + ": " + e.getMessage(), e);
        } catch (RewardPluginException e) {
          bad = e;
        }
      }
      count += flush(batch, out);
      if (bad != null) {
        throw bad;
      }
    }
    return count;
  }

  private boolean joins(Group before, Group next) {
    if (!rewards.comparesCandidates()
        || !before.promptPrefix().equals(next.promptPrefix())
        || !before.task().prompt().equals(next.task().prompt())
        || !before.task().answer().equals(next.task().answer())
        || !ofTask(before).equals(ofTask(next))) {
      return false;
    }
    if (before.candidates().size() == LARGEST_GROUP) {
      throw new DatasetException(
          "is completion %d of the same task; expected at most %d that are compared"
              .formatted(LARGEST_GROUP + 1, LARGEST_GROUP));
    }
    return true;
  }

  private static Map<String, Object> ofTask(Group group) {
    Map<String, Object> fields = new HashMap<>(group.task().fields());
    fields.keySet().removeAll(OF_COMPLETION);
    return fields;
  }

  private static Group joined(Group before, Group next) {
    List<Candidate> all = new ArrayList<>(before.candidates());
    all.addAll(next.candidates());
    return new Group(before.task(), before.promptPrefix(), all);
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
    int count = 0;
    for (ScoredGroup scored : rewards.score(batch)) {
      for (int c = 0; c < scored.group().candidates().size(); c++, count++) {
        out.accept(line(scored, c));
      }
    }
    batch.clear();
    return count;
  }

  private String line(ScoredGroup scored, int candidate) throws JsonProcessingException {
    ObjectNode line = JSON.createObjectNode();
    ObjectNode values = line.putObject("rewards");
    ObjectNode outcomes = line.putObject("outcomes");
    ObjectNode extracted = line.putObject("extracted");
    ObjectNode notes = JSON.createObjectNode();
    scored
        .scores()
        .forEach(
            (name, scores) -> {
              Score score = scores.get(candidate);
              score.value().ifPresentOrElse(v -> values.put(name, v), () -> values.putNull(name));
              outcomes.put(name, score.outcome().text());
              extracted.put(name, score.extracted().orElse(null));
              if (!score.notes().isEmpty()) {
                notes.set(name, JSON.valueToTree(score.notes()));
              }
            });
    if (explained) {
      OptionalDouble total = scored.totals().get(candidate);
      line.put("total", total.isPresent() ? (Double) total.getAsDouble() : null);
      line.set("notes", notes);
    }
    return JSON.writeValueAsString(line);
  }
}
