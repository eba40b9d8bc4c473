package io.whetstone.rewards.instructions;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.whetstone.datasets.DatasetException;
import io.whetstone.datasets.Task;
import io.whetstone.rewards.Candidate;
import io.whetstone.rewards.Group;
import io.whetstone.rewards.Outcome;
import io.whetstone.rewards.Reward;
import io.whetstone.rewards.RewardCatalog;
import io.whetstone.rewards.Score;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class JsonSchemaRewardTest {

  private static final Map<String, Object> SCHEMA =
      Map.of(
          "type",
          "object",
          "required",
          List.of("name", "age"),
          "properties",
          Map.of("age", Map.of("type", "integer", "minimum", 0)));

  private static Task task(Object schema) {
    return new Task("t", "p", Optional.empty(), List.of(), Map.of("schema", schema));
  }

  private static Reward make(Map<String, Object> settings) {
    return RewardCatalog.ofClassPath().create("json-schema", settings);
  }

  private static Score score(Task task, String text) throws Exception {
    return make(Map.of()).score(new Group(task, "", List.of(Candidate.of(text)))).getFirst();
  }

  @Test
  void whatFitsIsCorrect() throws Exception {
    String good = "{\"name\": \"A\", \"age\": 3}";
    for (String text :
        List.of(
            good, "```json\n" + good + "\n```", "<think>{</think><answer>" + good + "</answer>")) {
      assertEquals(Outcome.CORRECT, score(task(SCHEMA), text).outcome(), text);
    }
    assertEquals(
        Outcome.CORRECT,
        score(task("{\"type\":\"array\",\"items\":{\"type\":\"number\"}}"), "[1, 2.5]").outcome());
  }

  @Test
  void whatDoesNotIsWrongAndSaysWhy() throws Exception {
    Score wrong = score(task(SCHEMA), "{\"name\": \"A\", \"age\": -1}");
    assertEquals(Outcome.WRONG, wrong.outcome());
    assertTrue(wrong.notes().get("schema").contains("age"), wrong.toString());
    assertEquals(Outcome.WRONG, score(task(SCHEMA), "[]").outcome());
  }

  @Test
  void whatIsNoJsonIsUnparseable() throws Exception {
    for (String text : List.of("", "name: A", "{\"name\": ", "{} {}", "<think>{}")) {
      assertEquals(Outcome.UNPARSEABLE, score(task(SCHEMA), text).outcome(), text);
    }
  }

  @Test
  void withoutSchemaThereIsNothingToSay() throws Exception {
    assertEquals(Outcome.NOT_APPLICABLE, score(Task.of("t", "p", "a"), "{}").outcome());
    Reward configured = make(Map.of("schema", SCHEMA));
    Group group = new Group(Task.of("t", "p", "a"), "", List.of(Candidate.of("{}")));
    assertEquals(Outcome.WRONG, configured.score(group).getFirst().outcome());
  }

  @Test
  void badSchemasAreDataErrorsAndNothingIsFetched() {
    assertBad("schema: is not JSON", "{");
    assertBad("schema: is not a JSON schema; expected an object", List.of(1));
    assertBad("schema: is not a JSON schema", Map.of("$ref", "http://example.invalid/s.json"));
    assertBad("schema: is not a JSON schema", Map.of("$ref", "#/nowhere"));
  }

  private static void assertBad(String message, Object schema) {
    String got =
        assertThrows(DatasetException.class, () -> make(Map.of()).check(task(schema))).getMessage();
    assertTrue(got.startsWith(message), got);
  }
}
