package io.whetstone.rewards.plugin;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.whetstone.rewards.Candidate;
import io.whetstone.rewards.Group;
import io.whetstone.rewards.Outcome;
import io.whetstone.rewards.Score;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** The lines that are written to a program and those that come back. */
final class CommandLines {

  // Python writes NaN where JSON has none: better an error that names it than a broken line.
  private static final ObjectMapper JSON =
      JsonMapper.builder().enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS).build();

  private CommandLines() {}

  /** {@code {"id":1,"task":…,"prompt":…,"answer":…,"fields":{…},"completion":…,…}}. */
  static String ask(long id, Group group, Candidate candidate) {
    ObjectNode line = task(id, group);
    line.put("completion", candidate.text());
    line.put("stop", candidate.stopReason());
    line.put("length", candidate.length());
    return line.toString();
  }

  /** The same with {@code "completions":[{"completion":…,"stop":…,"length":…},…]}. */
  static String ask(long id, Group group) {
    ObjectNode line = task(id, group);
    ArrayNode completions = line.putArray("completions");
    for (Candidate candidate : group.candidates()) {
      completions
          .addObject()
          .put("completion", candidate.text())
          .put("stop", candidate.stopReason())
          .put("length", candidate.length());
    }
    return line.toString();
  }

  private static ObjectNode task(long id, Group group) {
    ObjectNode line = JSON.createObjectNode();
    line.put("id", id);
    line.put("task", group.task().id());
    line.put("prompt", group.task().prompt());
    line.put("prompt-prefix", group.promptPrefix());
    line.put("answer", group.task().answer().orElse(null));
    line.set("fields", JSON.valueToTree(group.task().fields()));
    return line;
  }

  /**
   * The answer for one completion.
   *
   * @throws IllegalArgumentException if the line is no answer to what was asked
   */
  static Score score(String line, long id) {
    return score(answer(line, id), line);
  }

  /** The answer for a group, {@code {"id":1,"scores":[…]}}. */
  static List<Score> scores(String line, long id, int count) {
    JsonNode answer = answer(line, id);
    JsonNode scores = answer.get("scores");
    if (scores == null && answer.has("error")) {
      return java.util.Collections.nCopies(count, score(answer, line));
    }
    if (scores == null || !scores.isArray() || scores.size() != count) {
      throw new IllegalArgumentException(
          "answered %s; expected scores: a list with %d items".formatted(shortened(line), count));
    }
    List<Score> read = new ArrayList<>();
    scores.forEach(score -> read.add(score(score, line)));
    return read;
  }

  private static JsonNode answer(String line, long id) {
    JsonNode answer;
    try {
      answer = JSON.readTree(line);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException(
          "wrote %s, which is not JSON; print what is no answer to standard error"
              .formatted(shortened(line)),
          e);
    }
    JsonNode its = answer.get("id");
    if (its == null || !its.isIntegralNumber() || its.longValue() != id) {
      throw new IllegalArgumentException(
          "answered %s; expected an object with the question's id, %d"
              .formatted(shortened(line), id));
    }
    return answer;
  }

  private static Score score(JsonNode answer, String line) {
    if (answer.isNumber()) {
      return Score.scored(answer.doubleValue());
    }
    if (answer.isNull()) {
      return Score.notApplicable();
    }
    if (answer.hasNonNull("error")) {
      return Score.error(answer.get("error").asText());
    }
    Score score = value(answer, line);
    if (answer.hasNonNull("extracted")) {
      score = score.withExtracted(answer.get("extracted").asText());
    }
    if (answer.get("notes") instanceof ObjectNode notes) {
      for (Map.Entry<String, JsonNode> note : notes.properties()) {
        score = score.withNote(note.getKey(), note.getValue().asText(note.getValue().toString()));
      }
    }
    return score;
  }

  private static Score value(JsonNode answer, String line) {
    JsonNode reward = answer.get("reward");
    if (!answer.hasNonNull("outcome")) {
      if (reward != null && reward.isNull()) {
        return Score.notApplicable();
      }
      return reward != null && reward.isNumber()
          ? Score.scored(reward.doubleValue())
          : Score.error(
              "answered %s; expected reward: a number or null".formatted(shortened(line)));
    }
    String named = answer.get("outcome").asText();
    Outcome outcome =
        Arrays.stream(Outcome.values())
            .filter(o -> o.text().equals(named))
            .findFirst()
            .orElse(null);
    return switch (outcome) {
      case CORRECT -> Score.correct();
      case WRONG -> Score.wrong();
      case UNPARSEABLE -> Score.unparseable();
      case NOT_APPLICABLE -> Score.notApplicable();
      case TIMEOUT -> Score.programTimeout();
      case ERROR -> Score.error("the program says so, and not why; expected error: …");
      case SCORED ->
          reward != null && reward.isNumber()
              ? Score.scored(reward.doubleValue())
              : Score.error("outcome scored without a number; answered " + shortened(line));
      case null ->
          Score.error(
              "outcome: \"%s\" is none of %s"
                  .formatted(named, Arrays.stream(Outcome.values()).map(Outcome::text).toList()));
    };
  }

  private static String shortened(String line) {
    return "\"" + (line.length() <= 120 ? line : line.substring(0, 120) + "…") + "\"";
  }
}
