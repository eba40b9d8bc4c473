package io.whetstone.tokenizer.chat;

import com.fasterxml.jackson.databind.JsonNode;
import io.whetstone.tokenizer.TokenizerException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What a chat template is given.
 *
 * @param messages at least one; each with a {@code role} and what the template reads of it. An
 *     entry that is null is left out, as transformers does
 * @param tools JSON schemas of functions, null where there are none
 * @param addGenerationPrompt end with the header of a new assistant message
 * @param continueFinal the field of the last message that the model is to continue ({@code
 *     content})
 * @param variables everything else the template may read ({@code enable_thinking})
 */
public record Conversation(
    List<Map<String, Object>> messages,
    List<Object> tools,
    boolean addGenerationPrompt,
    Optional<String> continueFinal,
    Map<String, Object> variables) {
  /** Names under which a message's thought is passed; the first is the one templates read. */
  static final List<String> REASONING = List.of("reasoning_content", "thinking", "reasoning");

  public Conversation {
    if (messages.isEmpty()) {
      throw new TokenizerException("messages: there are none; expected at least one");
    }
    if (addGenerationPrompt && continueFinal.isPresent()) {
      throw new TokenizerException(
          "add_generation_prompt and continue_final_message exclude each other:"
              + " the one begins a new message, the other goes on with the last");
    }
    List<Map<String, Object>> normal = new ArrayList<>();
    messages.forEach(message -> normal.add(normal(message)));
    messages = List.copyOf(normal);
  }

  /** Without entries that are null, and with a thought under the names that templates read. */
  private static Map<String, Object> normal(Map<String, Object> message) {
    Map<String, Object> present = new LinkedHashMap<>(message);
    present.values().removeIf(value -> value == null);
    for (String name : REASONING) {
      Object thought = present.get(name);
      if (thought != null) {
        Map<String, Object> aliased = new LinkedHashMap<>();
        aliased.put("thinking", thought);
        aliased.putAll(present);
        aliased.put("reasoning_content", thought);
        return aliased;
      }
    }
    return present;
  }

  /**
   * Reads {@code [{…}, …]} or {@code {"messages": [{…}, …], "tools": […], "add_generation_prompt":
   * true, "continue_final_message": false, …}}; further keys are variables of the template.
   *
   * @param generation whether a bare list of messages ends with an assistant's header
   * @throws TokenizerException saying what is wrong with it
   */
  public static Conversation of(JsonNode json, boolean generation) {
    JsonNode messages = json.isObject() ? json.get("messages") : json;
    if (messages == null || !messages.isArray()) {
      throw new TokenizerException(
          "expected a list of messages, or an object with \"messages\", got "
              + (messages == null ? "an object without" : shortened(json)));
    }
    List<Map<String, Object>> list = new ArrayList<>();
    for (JsonNode message : messages) {
      if (!message.isObject() || !message.path("role").isTextual()) {
        throw new TokenizerException(
            "messages["
                + list.size()
                + "]: expected an object with a \"role\", got "
                + shortened(message));
      }
      @SuppressWarnings("unchecked") // an object's values are a map by name
      Map<String, Object> map = (Map<String, Object>) JsonValues.of(message);
      list.add(map);
    }
    Map<String, Object> variables = new LinkedHashMap<>();
    json.properties().forEach(e -> variables.put(e.getKey(), JsonValues.of(e.getValue())));
    variables.remove("messages");
    List<Object> tools = tools(json.path("tools"));
    variables.remove("tools");
    Object prompt = variables.remove("add_generation_prompt");
    Object goesOn = variables.remove("continue_final_message");
    Optional<String> field = continued(goesOn);
    boolean begins =
        prompt == null ? generation && field.isEmpty() : flag("add_generation_prompt", prompt);
    return new Conversation(list, tools, begins, field, variables);
  }

  private static List<Object> tools(JsonNode tools) {
    if (tools.isMissingNode() || tools.isNull()) {
      return null;
    }
    if (!tools.isArray()) {
      throw new TokenizerException("tools: expected a list of schemas, got " + shortened(tools));
    }
    List<Object> list = new ArrayList<>();
    tools.forEach(tool -> list.add(JsonValues.of(tool)));
    return list;
  }

  private static Optional<String> continued(Object value) {
    return value instanceof String field
        ? Optional.of(field)
        : value != null && flag("continue_final_message", value)
            ? Optional.of("content")
            : Optional.empty();
  }

  private static boolean flag(String name, Object value) {
    if (value instanceof Boolean flag) {
      return flag;
    }
    throw new TokenizerException(name + ": expected true or false, got " + value);
  }

  private static String shortened(JsonNode node) {
    String text = node.toString();
    return text.length() > 80 ? text.substring(0, 80) + "…" : text;
  }

  /** The same with a further variable, which wins over one of that name. */
  public Conversation with(String variable, Object value) {
    Map<String, Object> more = new LinkedHashMap<>(variables);
    more.put(variable, value);
    return new Conversation(messages, tools, addGenerationPrompt, continueFinal, more);
  }
}
