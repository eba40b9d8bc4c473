package io.whetstone.datasets;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.text.Normalizer;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

/** Turns a line's object into a task, as the settings say. */
final class JsonlTasks {

  private static final Pattern SPACE = Pattern.compile("\\s+", Pattern.UNICODE_CHARACTER_CLASS);

  private final String file;
  private final JsonlSettings settings;
  private final PromptTemplate prompt;

  JsonlTasks(String file, JsonlSettings settings) {
    this.file = file;
    this.settings = settings;
    this.prompt = PromptTemplate.parse(settings.prompt());
  }

  /**
   * The task, and the completion where the settings name its field.
   *
   * @throws DatasetException if a field is missing or of the wrong kind; the message names the
   *     field and leaves file and line to the caller
   */
  Demonstration read(ObjectNode line, long number) {
    String text = prompt.fill(field -> text(line, field));
    if (text.isBlank()) {
      throw new DatasetException("prompt: is blank; expected text");
    }
    Optional<String> answer = settings.answer().map(where -> answer(line, where));
    String id = settings.id().map(field -> text(line, field)).orElse(file + ":" + number);
    // An empty completion is something to learn, too: that nothing is said.
    String completion = settings.completion().map(field -> text(line, field)).orElse("");
    return new Demonstration(
        new Task(id, text, answer, List.of(), JsonLines.fields(line)), completion);
  }

  private static String answer(ObjectNode line, JsonlAnswer where) {
    String text = text(line, where.from());
    if (where.after().isPresent()) {
      String marker = where.after().get();
      int at = text.lastIndexOf(marker);
      if (at < 0) {
        throw new DatasetException(
            "%s: does not hold \"%s\"; expected the answer after it"
                .formatted(where.from(), marker));
      }
      text = text.substring(at + marker.length()).strip();
      text = text.lines().findFirst().orElse("");
    }
    text = text.strip();
    if (text.isEmpty()) {
      throw new DatasetException(where.from() + ": holds no answer; expected text");
    }
    return text;
  }

  private static String text(ObjectNode line, String field) {
    JsonNode node = line.get(field);
    if (node == null) {
      throw new DatasetException(
          field + ": is missing; expected text (the line has " + names(line) + ")");
    }
    if (!node.isTextual() && !node.isNumber()) {
      throw new DatasetException(
          field
              + ": is "
              + node.getNodeType().name().toLowerCase(Locale.ROOT)
              + "; expected text or a number");
    }
    return node.asText();
  }

  private static String names(ObjectNode line) {
    StringBuilder names = new StringBuilder();
    Iterator<String> each = line.fieldNames();
    for (int i = 0; each.hasNext() && i < 12; i++) {
      names.append(i == 0 ? "" : ", ").append(each.next());
    }
    return names.isEmpty() ? "no fields" : names + (each.hasNext() ? ", …" : "");
  }

  /**
   * What two prompts have in common that are the same to a reader: Unicode's composed form, runs of
   * white space as one space, none at the ends. Upper and lower case differ.
   */
  static String normalize(String prompt) {
    return SPACE.matcher(Normalizer.normalize(prompt, Normalizer.Form.NFC)).replaceAll(" ").strip();
  }
}
