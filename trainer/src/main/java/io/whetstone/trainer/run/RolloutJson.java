package io.whetstone.trainer.run;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.whetstone.rewards.Outcome;
import io.whetstone.rewards.Score;
import io.whetstone.rewards.StepScore;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.Predicate;

/**
 * A {@link RolloutRecord} as a line of JSON and back, to the bit.
 *
 * <p>{@code advantage} is {@code null} where the completion took no part, one number where all
 * tokens have the same, else one a token. {@code steps}, {@code extracted} and {@code notes} name
 * only the rewards that gave any. {@code forced} is left out where every token was drawn.
 */
final class RolloutJson {
  /** Decimal text of a float must not pass through a double on its way back. */
  static final ObjectMapper JSON =
      new ObjectMapper().enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS);

  private RolloutJson() {}

  static void write(RolloutRecord record, JsonGenerator json) throws IOException {
    json.writeStartObject();
    json.writeStringField("task", record.task());
    json.writeStringField("prompt", record.prompt());
    json.writeNumberField("sample", record.sample());
    json.writeNumberField("visit", record.visit());
    json.writeNumberField("attempt", record.attempt());
    json.writeStringField("text", record.text());
    json.writeFieldName("ids");
    json.writeArray(record.ids(), 0, record.ids().length);
    json.writeArrayFieldStart("logprobs");
    for (float logprob : record.logprobs()) {
      json.writeNumber(logprob);
    }
    json.writeEndArray();
    writeMarks("trained", record.trained(), json);
    if (anyOf(record.forced())) {
      writeMarks("forced", record.forced(), json);
    }
    json.writeStringField("stop", record.stop());
    json.writeNumberField("policy", record.policy());
    writeScores(record.scores(), json);
    json.writeFieldName("reward");
    writeNumber(record.reward(), json);
    writeAdvantages(record.advantages(), json);
    json.writeNumberField("length", record.ids().length);
    json.writeEndObject();
  }

  private static boolean anyOf(boolean[] marks) {
    for (boolean mark : marks) {
      if (mark) {
        return true;
      }
    }
    return false;
  }

  private static void writeMarks(String name, boolean[] marks, JsonGenerator json)
      throws IOException {
    json.writeArrayFieldStart(name);
    for (boolean mark : marks) {
      json.writeBoolean(mark);
    }
    json.writeEndArray();
  }

  /** Scores by name. */
  static void writeScores(Map<String, Score> scores, JsonGenerator json) throws IOException {
    json.writeObjectFieldStart("rewards");
    for (Map.Entry<String, Score> entry : scores.entrySet()) {
      json.writeFieldName(entry.getKey());
      writeNumber(entry.getValue().value(), json);
    }
    json.writeEndObject();
    json.writeObjectFieldStart("outcomes");
    for (Map.Entry<String, Score> entry : scores.entrySet()) {
      json.writeStringField(entry.getKey(), entry.getValue().outcome().text());
    }
    json.writeEndObject();
    json.writeObjectFieldStart("steps");
    for (Map.Entry<String, Score> entry : some(scores, score -> !score.steps().isEmpty())) {
      json.writeArrayFieldStart(entry.getKey());
      for (StepScore step : entry.getValue().steps()) {
        json.writeStartArray();
        json.writeNumber(step.tokenFrom());
        json.writeNumber(step.tokenTo());
        json.writeNumber(step.value());
        json.writeEndArray();
      }
      json.writeEndArray();
    }
    json.writeEndObject();
    json.writeObjectFieldStart("extracted");
    for (Map.Entry<String, Score> entry : some(scores, score -> score.extracted().isPresent())) {
      json.writeStringField(entry.getKey(), entry.getValue().extracted().get());
    }
    json.writeEndObject();
    json.writeObjectFieldStart("notes");
    for (Map.Entry<String, Score> entry : some(scores, score -> !score.notes().isEmpty())) {
      json.writeObjectFieldStart(entry.getKey());
      for (Map.Entry<String, String> note : entry.getValue().notes().entrySet()) {
        json.writeStringField(note.getKey(), note.getValue());
      }
      json.writeEndObject();
    }
    json.writeEndObject();
  }

  private static List<Map.Entry<String, Score>> some(
      Map<String, Score> scores, Predicate<Score> wanted) {
    return scores.entrySet().stream().filter(entry -> wanted.test(entry.getValue())).toList();
  }

  private static void writeNumber(OptionalDouble value, JsonGenerator json) throws IOException {
    if (value.isPresent()) {
      json.writeNumber(value.getAsDouble());
    } else {
      json.writeNull();
    }
  }

  private static void writeAdvantages(double[] advantages, JsonGenerator json) throws IOException {
    json.writeFieldName("advantage");
    if (advantages.length == 0) {
      json.writeNull();
    } else if (Arrays.stream(advantages).allMatch(a -> a == advantages[0])) {
      json.writeNumber(advantages[0]);
    } else {
      json.writeArray(advantages, 0, advantages.length);
    }
  }

  /**
   * @throws IllegalArgumentException where a field is missing or of another kind
   */
  static RolloutRecord read(String line) throws IOException {
    JsonNode node = JSON.readTree(line);
    int length = node.required("ids").size();
    int[] ids = new int[length];
    float[] logprobs = new float[length];
    boolean[] trained = new boolean[length];
    boolean[] forced = new boolean[length];
    for (int t = 0; t < length; t++) {
      ids[t] = node.get("ids").get(t).intValue();
      logprobs[t] = node.required("logprobs").required(t).floatValue();
      trained[t] = node.required("trained").required(t).booleanValue();
      forced[t] = node.has("forced") && node.get("forced").required(t).booleanValue();
    }
    return new RolloutRecord(
        node.required("task").textValue(),
        node.required("prompt").textValue(),
        node.required("sample").intValue(),
        node.required("visit").longValue(),
        node.required("attempt").intValue(),
        node.required("text").textValue(),
        ids,
        logprobs,
        trained,
        forced,
        node.required("stop").textValue(),
        node.required("policy").longValue(),
        readScores(node),
        readNumber(node.required("reward")),
        readAdvantages(node.required("advantage"), length));
  }

  /** What {@link #writeScores} wrote into an object. */
  static Map<String, Score> readScores(JsonNode node) {
    Map<String, Score> scores = new LinkedHashMap<>();
    node.required("rewards")
        .properties()
        .forEach(
            entry -> {
              String name = entry.getKey();
              List<StepScore> steps = new ArrayList<>();
              node.required("steps")
                  .path(name)
                  .forEach(
                      step ->
                          steps.add(
                              new StepScore(
                                  step.required(0).intValue(),
                                  step.required(1).intValue(),
                                  step.required(2).doubleValue())));
              Map<String, String> notes = new LinkedHashMap<>();
              node.required("notes")
                  .path(name)
                  .properties()
                  .forEach(note -> notes.put(note.getKey(), note.getValue().textValue()));
              scores.put(
                  name,
                  new Score(
                      readNumber(entry.getValue()),
                      outcome(node.required("outcomes").required(name).textValue()),
                      steps,
                      Optional.ofNullable(node.required("extracted").path(name).textValue()),
                      notes));
            });
    return scores;
  }

  private static Outcome outcome(String text) {
    return Arrays.stream(Outcome.values())
        .filter(outcome -> outcome.text().equals(text))
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException("outcome: \"" + text + "\" is unknown"));
  }

  private static OptionalDouble readNumber(JsonNode node) {
    return node.isNull() ? OptionalDouble.empty() : OptionalDouble.of(node.doubleValue());
  }

  private static double[] readAdvantages(JsonNode node, int length) {
    if (node.isNull()) {
      return new double[0];
    }
    double[] advantages = new double[length];
    for (int t = 0; t < length; t++) {
      advantages[t] = (node.isArray() ? node.required(t) : node).doubleValue();
    }
    return advantages;
  }
}
