package io.whetstone.datasets;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Messages as a chat template takes them.
 *
 * <p>Example: {@code Conversation([{role: user, content: "2+3?"}, {role: assistant, content: "5"}],
 * [])}.
 *
 * @param messages in order, at least one; each a JSON object (maps, lists, text, numbers, booleans,
 *     null) with a {@code role} that is text, and whatever else the data have
 * @param tools JSON objects that describe the tools the assistant may call; mostly none
 */
public record Conversation(List<Map<String, Object>> messages, List<Map<String, Object>> tools) {

  private static final String ASSISTANT = "assistant";

  public Conversation {
    messages = copy(messages);
    tools = copy(tools);
    if (messages.isEmpty()) {
      throw new IllegalArgumentException("messages: is empty; expected at least one message");
    }
    for (int i = 0; i < messages.size(); i++) {
      if (!(messages.get(i).get("role") instanceof String)) {
        throw new IllegalArgumentException(
            "messages[%d].role: is %s; expected text such as user"
                .formatted(i, messages.get(i).get("role")));
      }
    }
  }

  /** Copies that keep the order of the keys; values may be null. */
  private static List<Map<String, Object>> copy(List<Map<String, Object>> objects) {
    return objects.stream()
        .map(object -> Collections.unmodifiableMap(new LinkedHashMap<>(object)))
        .toList();
  }

  /** The index of the last message that the assistant says, or −1. */
  public int lastAssistant() {
    int at = messages.size() - 1;
    while (at >= 0 && !messages.get(at).get("role").equals(ASSISTANT)) {
      at--;
    }
    return at;
  }

  /** The first {@code count} messages with the same tools. */
  public Conversation first(int count) {
    return new Conversation(messages.subList(0, count), tools);
  }

  /**
   * The messages as text, for people and to tell one task from another: the content of a message
   * that stands alone, else each message's role and content.
   */
  public String text() {
    if (messages.size() == 1) {
      return content(0);
    }
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < messages.size(); i++) {
      text.append(i == 0 ? "" : "\n\n").append(messages.get(i).get("role")).append(": ");
      text.append(content(i));
    }
    return text.toString();
  }

  /** What a message says: its content where that is text, else everything it holds but its role. */
  public String content(int message) {
    Map<String, Object> rest = new LinkedHashMap<>(messages.get(message));
    rest.remove("role");
    return rest.get("content") instanceof String text && rest.size() == 1
        ? text
        : JsonLines.write(rest);
  }
}
