package io.whetstone.trainer.loop;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.whetstone.datasets.Conversation;
import io.whetstone.datasets.JsonLines;
import io.whetstone.datasets.Task;
import io.whetstone.trainer.config.PairsFile;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * What a line of preferences says.
 *
 * @param task the prompt; its id names the line
 * @param chosen the better completion
 * @param rejected the worse ones, at least one, each different from {@code chosen}
 */
record PreferenceLine(Task task, String chosen, List<Worse> rejected) {
  /**
   * A worse completion.
   *
   * @param margin how much more the better one should be worth, where the line says so
   */
  record Worse(String text, OptionalDouble margin) {}

  /**
   * Reads a line.
   *
   * @param where names it
   * @throws IllegalArgumentException naming line and field of what cannot be used
   */
  static PreferenceLine read(ObjectNode line, PairsFile settings, String where) {
    return new Reading(line, settings, where).read();
  }

  /** A completion, and the messages before it where it came with any. */
  private record Said(String text, List<Map<String, Object>> before) {}

  private record Reading(ObjectNode line, PairsFile settings, String where) {
    PreferenceLine read() {
      Said chosen = said(settings.chosen(), field(settings.chosen()));
      List<Said> rejected = rejected();
      Task task = task(chosen);
      List<Worse> worse = new ArrayList<>();
      for (int i = 0; i < rejected.size(); i++) {
        String name = settings.rejected() + (rejected.size() == 1 ? "" : "[" + i + "]");
        if (!rejected.get(i).before.equals(chosen.before)) {
          throw wrong(
              name, "answers other messages than " + settings.chosen() + "; a pair has one prompt");
        }
        if (rejected.get(i).text.equals(chosen.text)) {
          throw wrong(name, "is the same text as " + settings.chosen());
        }
        worse.add(new Worse(rejected.get(i).text, margin(i, rejected.size())));
      }
      return new PreferenceLine(task, chosen.text, worse);
    }

    /** One worse completion, or a list of them; a list of objects is the messages of one. */
    private List<Said> rejected() {
      JsonNode node = field(settings.rejected());
      if (!node.isArray() || node.path(0).isObject()) {
        return List.of(said(settings.rejected(), node));
      }
      if (node.isEmpty()) {
        throw wrong(settings.rejected(), "is an empty list; expected a worse completion");
      }
      List<Said> all = new ArrayList<>();
      for (JsonNode each : node) {
        all.add(said(settings.rejected() + "[" + all.size() + "]", each));
      }
      return all;
    }

    private Said said(String name, JsonNode node) {
      if (node.isTextual()) {
        return new Said(node.textValue(), List.of());
      }
      List<Map<String, Object>> messages = messages(name, node);
      Map<String, Object> last = messages.getLast();
      if (!"assistant".equals(last.get("role")) || !(last.get("content") instanceof String text)) {
        throw wrong(name, "ends with " + last + "; expected a message of role assistant with text");
      }
      return new Said(text, messages.subList(0, messages.size() - 1));
    }

    private List<Map<String, Object>> messages(String name, JsonNode node) {
      if (!node.isArray() || node.isEmpty()) {
        throw wrong(name, "is " + node + "; expected text or a list of messages");
      }
      List<Map<String, Object>> messages = new ArrayList<>();
      for (JsonNode message : node) {
        if (!(message instanceof ObjectNode object) || !object.path("role").isTextual()) {
          throw wrong(
              name + "[" + messages.size() + "]",
              "is "
                  + message
                  + "; expected a message such as {\"role\": \"user\", \"content\": …}");
        }
        messages.add(JsonLines.fields(object));
      }
      return messages;
    }

    private Task task(Said chosen) {
      JsonNode given = line.get(settings.prompt());
      if (given == null || given.isNull()) {
        if (chosen.before.isEmpty()) {
          throw missing(settings.prompt());
        }
        return task(new Conversation(chosen.before, List.of()));
      }
      if (given.isTextual()) {
        requireAsked(
            chosen, List.of(Map.of("role", "user", "content", (Object) given.textValue())));
        return chosen.before.isEmpty()
            ? new Task(where, given.textValue(), Optional.empty(), List.of(), Map.of())
            : task(new Conversation(chosen.before, List.of()));
      }
      List<Map<String, Object>> messages = messages(settings.prompt(), given);
      requireAsked(chosen, messages);
      return task(new Conversation(messages, List.of()));
    }

    private Task task(Conversation asked) {
      return new Task(
          where, asked.text(), Optional.empty(), List.of(), Map.of(), Optional.of(asked));
    }

    /** Completions that come with what they answer must answer the prompt. */
    private void requireAsked(Said chosen, List<Map<String, Object>> prompt) {
      if (!chosen.before.isEmpty() && !chosen.before.equals(prompt)) {
        throw wrong(
            settings.chosen(), "answers other messages than " + settings.prompt() + " holds");
      }
    }

    private OptionalDouble margin(int i, int count) {
      if (settings.margin().isEmpty()) {
        return OptionalDouble.empty();
      }
      String name = settings.margin().get();
      JsonNode node = field(name);
      if (node.isArray()) {
        if (node.size() != count) {
          throw wrong(name, "has " + node.size() + " numbers for " + count + " worse completions");
        }
        node = node.get(i);
        name += "[" + i + "]";
      }
      if (!node.isNumber() || !(node.doubleValue() >= 0) || Double.isInfinite(node.doubleValue())) {
        throw wrong(name, "is " + node + "; expected a number, 0 or more");
      }
      return OptionalDouble.of(node.doubleValue());
    }

    private JsonNode field(String name) {
      JsonNode value = line.get(name);
      if (value == null || value.isNull()) {
        throw missing(name);
      }
      return value;
    }

    private IllegalArgumentException missing(String name) {
      List<String> there = new ArrayList<>();
      line.fieldNames().forEachRemaining(there::add);
      return wrong(name, "is missing; there is: " + there);
    }

    private IllegalArgumentException wrong(String name, String what) {
      return new IllegalArgumentException(where + ": " + name + ": " + what);
    }
  }
}
