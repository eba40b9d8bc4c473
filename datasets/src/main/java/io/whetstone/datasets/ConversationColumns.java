package io.whetstone.datasets;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Reads conversations: messages as {@code {role, content}}, or as ShareGPT has them, {@code {from:
 * human | gpt | system, value}}. A column may hold a list or the JSON text of one.
 */
final class ConversationColumns {

  private static final Map<String, String> SHARE_GPT = Map.of("human", "user", "gpt", "assistant");

  private ConversationColumns() {}

  /**
   * @throws DatasetException naming the column and what is wrong with it
   */
  static Conversation read(ObjectNode row, String messages, Optional<String> tools) {
    List<Map<String, Object>> read = new ArrayList<>();
    for (Map<String, Object> message : objects(row, messages)) {
      read.add(message(message, messages + "[" + read.size() + "]"));
    }
    List<Map<String, Object>> described =
        tools.isPresent() && !Row.isAbsent(row, tools.get())
            ? objects(row, tools.get())
            : List.of();
    try {
      return new Conversation(read, described);
    } catch (IllegalArgumentException e) {
      throw new DatasetException(e.getMessage().replaceFirst("^messages", messages), e);
    }
  }

  private static Map<String, Object> message(Map<String, Object> message, String where) {
    if (message.containsKey("role") || !message.containsKey("from")) {
      if (!message.containsKey("content") && !message.containsKey("tool_calls")) {
        throw new DatasetException(
            where + ": has keys " + message.keySet() + "; expected role and content");
      }
      return withoutNulls(message);
    }
    if (!(message.get("from") instanceof String from && message.containsKey("value"))) {
      throw new DatasetException(
          where + ": has keys " + message.keySet() + "; expected role and content");
    }
    Map<String, Object> renamed = new LinkedHashMap<>();
    renamed.put("role", SHARE_GPT.getOrDefault(from, from));
    renamed.put("content", message.get("value"));
    return renamed;
  }

  /**
   * Without keys whose value is null, content apart: in a table all messages have the same keys,
   * and those a message lacks come out as null.
   */
  private static Map<String, Object> withoutNulls(Map<String, Object> message) {
    Map<String, Object> kept = new LinkedHashMap<>(message);
    kept.entrySet().removeIf(e -> e.getValue() == null && !e.getKey().equals("content"));
    return kept;
  }

  private static List<Map<String, Object>> objects(ObjectNode row, String column) {
    JsonNode node = Row.find(row, column);
    if (node.isTextual()) {
      node = JsonLines.parseText(node.asText());
    }
    if (!node.isArray()) {
      throw new DatasetException(
          column + ": is " + Row.kind(node) + "; expected a list of objects");
    }
    List<Map<String, Object>> objects = new ArrayList<>();
    for (JsonNode item : node) {
      if (!(item instanceof ObjectNode object)) {
        throw new DatasetException(
            "%s[%d]: is %s; expected an object".formatted(column, objects.size(), Row.kind(item)));
      }
      objects.add(JsonLines.fields(object));
    }
    return objects;
  }
}
