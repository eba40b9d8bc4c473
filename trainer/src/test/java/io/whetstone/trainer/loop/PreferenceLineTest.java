package io.whetstone.trainer.loop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.whetstone.trainer.config.PairsFile;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Every form of a line of preferences, and what is said of those that cannot be used. */
class PreferenceLineTest {
  private static PreferenceLine read(String json, boolean margin) {
    PairsFile settings =
        new PairsFile(
            Path.of("pairs.jsonl"),
            "prompt",
            "chosen",
            "rejected",
            margin ? Optional.of("margin") : Optional.empty());
    try {
      ObjectNode line = (ObjectNode) new ObjectMapper().readTree(json.replace('\'', '"'));
      return PreferenceLine.read(line, settings, "pairs.jsonl:7");
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void textWithOneWorseCompletion() {
    PreferenceLine line = read("{'prompt': '1+1=?', 'chosen': '2', 'rejected': '3'}", false);
    assertEquals("1+1=?", line.task().prompt());
    assertTrue(line.task().conversation().isEmpty());
    assertEquals("2", line.chosen());
    assertEquals(List.of(new PreferenceLine.Worse("3", OptionalDouble.empty())), line.rejected());
  }

  @Test
  void severalWorseOnesWithMargins() {
    PreferenceLine each =
        read("{'prompt': 'p', 'chosen': '2', 'rejected': ['3', '4'], 'margin': [0.5, 1]}", true);
    assertEquals(
        List.of(
            new PreferenceLine.Worse("3", OptionalDouble.of(0.5)),
            new PreferenceLine.Worse("4", OptionalDouble.of(1))),
        each.rejected());
    PreferenceLine one =
        read("{'prompt': 'p', 'chosen': '2', 'rejected': ['3', '4'], 'margin': 0.25}", true);
    assertEquals(OptionalDouble.of(0.25), one.rejected().get(1).margin());
  }

  @Test
  void messagesInEveryPlace() {
    List<Map<String, Object>> asked = List.of(Map.of("role", "user", "content", "Hi"));
    // TRL's explicit prompt, its implicit one, UltraFeedback's with a prompt that is text.
    for (String json :
        List.of(
            "{'prompt': [{'role': 'user', 'content': 'Hi'}],"
                + " 'chosen': [{'role': 'assistant', 'content': 'Hello'}],"
                + " 'rejected': [{'role': 'assistant', 'content': 'What'}]}",
            "{'chosen': [{'role': 'user', 'content': 'Hi'},"
                + " {'role': 'assistant', 'content': 'Hello'}],"
                + " 'rejected': [{'role': 'user', 'content': 'Hi'},"
                + " {'role': 'assistant', 'content': 'What'}]}",
            "{'prompt': 'Hi', 'chosen': [{'content': 'Hi', 'role': 'user'},"
                + " {'content': 'Hello', 'role': 'assistant'}],"
                + " 'rejected': [[{'content': 'Hi', 'role': 'user'},"
                + " {'content': 'What', 'role': 'assistant'}]]}",
            "{'prompt': [{'role': 'user', 'content': 'Hi'}],"
                + " 'chosen': 'Hello', 'rejected': 'What'}")) {
      PreferenceLine line = read(json, false);
      assertEquals(asked, line.task().conversation().orElseThrow().messages(), json);
      assertEquals("Hi", line.task().prompt());
      assertEquals("Hello", line.chosen());
      assertEquals("What", line.rejected().getFirst().text());
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{'prompt': 'p', 'rejected': '3'} | chosen: is missing; there is: [prompt, rejected]",
        "{'chosen': '2', 'rejected': '3'} | prompt: is missing; there is: [chosen, rejected]",
        "{'prompt': 'p', 'chosen': null, 'rejected': '3'} | chosen: is missing",
        "{'prompt': 'p', 'chosen': 2, 'rejected': '3'} | chosen: is 2; expected text or a list",
        "{'prompt': 'p', 'chosen': '2', 'rejected': []} | rejected: is an empty list",
        "{'prompt': 'p', 'chosen': '2', 'rejected': ['3', '2']} | rejected[1]: is the same text",
        "{'prompt': 'p', 'chosen': '2', 'rejected': ['3', 4]} | rejected[1]: is 4; expected text",
        "{'prompt': 'p', 'chosen': [{'role': 'user', 'content': 'x'}], 'rejected': '3'}"
            + " | expected a message of role assistant with text",
        "{'prompt': 'p', 'chosen': [{'from': 'gpt'}], 'rejected': '3'} | chosen[0]: is {",
        "{'prompt': 'q', 'chosen': [{'role': 'user', 'content': 'p'},"
            + " {'role': 'assistant', 'content': 'x'}], 'rejected': '3'}"
            + " | chosen: answers other messages than prompt holds",
        "{'chosen': [{'role': 'user', 'content': 'p'}, {'role': 'assistant', 'content': 'x'}],"
            + " 'rejected': '3'} | rejected: answers other messages than chosen",
      })
  void whatCannotBeUsed(String json, String message) {
    IllegalArgumentException found =
        assertThrows(IllegalArgumentException.class, () -> read(json, false));
    assertTrue(found.getMessage().startsWith("pairs.jsonl:7: "), found.getMessage());
    assertTrue(found.getMessage().contains(message), found.getMessage());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "'much' | margin: is \"much\"; expected a number, 0 or more",
        "-1 | margin: is -1; expected a number, 0 or more",
        "[1] | margin: has 1 numbers for 2 worse completions",
        "[1, null] | margin[1]: is null; expected a number",
      })
  void marginsThatAreNone(String margin, String message) {
    String json =
        "{'prompt': 'p', 'chosen': '2', 'rejected': ['3', '4'], 'margin': " + margin + "}";
    IllegalArgumentException found =
        assertThrows(IllegalArgumentException.class, () -> read(json, true));
    assertTrue(found.getMessage().contains(message), found.getMessage());
    assertThrows(
        IllegalArgumentException.class,
        () -> read("{'prompt': 'p', 'chosen': '2', 'rejected': '3'}", true));
  }
}
