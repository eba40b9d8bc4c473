package io.whetstone.datasets;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConversationTest {

  @TempDir Path directory;

  private Dataset open(Map<String, Object> more, String... lines) throws IOException {
    Files.write(directory.resolve("chat.jsonl"), List.of(lines));
    Map<String, Object> settings = new HashMap<>();
    settings.putAll(
        Map.of("path", "chat.jsonl", "messages", "messages", "held-out", 0, "shuffle", false));
    settings.putAll(more);
    return Datasets.jsonl(settings, directory, 0);
  }

  private static Map<String, Object> message(String role, String content) {
    return Map.of("role", role, "content", content);
  }

  @Test
  void theLastAssistantTurnIsLearnedAndWhatIsBeforeItAsked() throws IOException {
    try (Dataset data =
        open(
            Map.of(),
            """
            {"messages": [{"role": "user", "content": "2+3?"},
             {"role": "assistant", "content": "5"}]}\
            """
                .replace("\n", ""),
            """
            {"messages": [{"role": "system", "content": "Be short."}, {"role": "user", "content":
             "hi"}, {"role": "assistant", "content": "ho"}, {"role": "user", "content": "1+1?"},
             {"role": "assistant", "content": "2", "thought": null, "train": false}]}\
            """
                .replace("\n", ""))) {
      Demonstration first = data.demonstrations().orElseThrow().demonstration(0);
      assertEquals("2+3?", first.task().prompt());
      assertEquals("5", first.completion());
      assertEquals(
          List.of(message("user", "2+3?"), message("assistant", "5")),
          first.conversation().orElseThrow().messages());
      Demonstration second = data.demonstrations().orElseThrow().demonstration(1);
      assertEquals(
          "system: Be short.\n\nuser: hi\n\nassistant: ho\n\nuser: 1+1?", second.task().prompt());
      assertEquals(4, second.task().conversation().orElseThrow().messages().size());
      assertEquals(
          Map.of("role", "assistant", "content", "2", "train", false),
          second.conversation().orElseThrow().messages().getLast());
    }
  }

  @Test
  void toolsAndMessagesMayBeJsonText() throws IOException {
    try (Dataset data =
        open(
            Map.of("tools", "tools"),
            "{\"messages\": \"[{\\\"role\\\": \\\"user\\\", \\\"content\\\": \\\"go\\\"},"
                + " {\\\"role\\\": \\\"assistant\\\", \\\"content\\\": null, \\\"tool_calls\\\":"
                + " [{\\\"name\\\": \\\"f\\\"}]}]\", \"tools\": [{\"name\": \"f\", \"parameters\":"
                + " {\"x\": 1}}]}")) {
      Conversation whole =
          data.demonstrations().orElseThrow().demonstration(0).conversation().orElseThrow();
      assertEquals(List.of(Map.of("name", "f", "parameters", Map.of("x", 1))), whole.tools());
      assertTrue(whole.messages().get(1).containsKey("content"));
      assertEquals("{\"content\":null,\"tool_calls\":[{\"name\":\"f\"}]}", whole.content(1));
    }
  }

  @Test
  void shareGptIsRead() throws IOException {
    try (Dataset data =
        open(
            Map.of("messages", "conversations"),
            "{\"conversations\": [{\"from\": \"human\", \"value\": \"a?\"}, {\"from\": \"gpt\","
                + " \"value\": \"b\"}]}")) {
      assertEquals(
          List.of(message("user", "a?"), message("assistant", "b")),
          data.demonstrations()
              .orElseThrow()
              .demonstration(0)
              .conversation()
              .orElseThrow()
              .messages());
    }
  }

  @Test
  void messagesCanBeTasksWithAnswersWithinColumns() throws IOException {
    try (Dataset data =
        open(
            Map.of("messages", "prompt", "answer", "reward_model.ground_truth"),
            "{\"prompt\": [{\"role\": \"user\", \"content\": \"6*7?\"}], \"reward_model\":"
                + " {\"ground_truth\": \"42\"}}")) {
      Task task = data.training().task(0);
      assertEquals("6*7?", task.prompt());
      assertEquals(Optional.of("42"), task.answer());
      assertEquals(Optional.empty(), data.demonstrations());
      assertTrue(
          data.summary().toString().contains("no assistant speaks (tasks only): 1"),
          data.summary().toString());
    }
  }

  private void assertBad(String expected, String line) {
    DatasetException bad = assertThrows(DatasetException.class, () -> open(Map.of(), line));
    assertTrue(bad.getMessage().contains("chat.jsonl:1: " + expected), bad.getMessage());
  }

  @Test
  void badConversationsSayWhere() {
    assertBad("messages: is missing; expected text (the line has text)", "{\"text\": \"x\"}");
    assertBad("messages: is number; expected a list of objects", "{\"messages\": 3}");
    assertBad("messages: is empty; expected at least one", "{\"messages\": []}");
    assertBad("messages[0]: is string; expected an object", "{\"messages\": [\"x\"]}");
    assertBad(
        "messages[0]: has keys [role]; expected role and content",
        "{\"messages\": [{\"role\": \"user\"}]}");
    assertBad("messages[0].role: is null", "{\"messages\": [{\"content\": \"user\"}]}");
    assertBad(
        "messages: begins with its last assistant turn",
        "{\"messages\": [{\"role\": \"assistant\", \"content\": \"x\"}]}");
  }

  @Test
  void columnsThatCannotGoTogetherAreRefused() {
    for (Map<String, Object> more :
        List.<Map<String, Object>>of(Map.of("prompt", "x"), Map.of("completion", "x"))) {
      IllegalArgumentException refused =
          assertThrows(IllegalArgumentException.class, () -> open(more, "{}"));
      assertTrue(refused.getMessage().contains("given with"), refused.getMessage());
    }
  }
}
