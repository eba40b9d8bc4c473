package io.whetstone.datasets;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.text.Normalizer;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Turns a row into a task, as the settings say. */
final class RowTasks {

  private static final Pattern SPACE = Pattern.compile("\\s+", Pattern.UNICODE_CHARACTER_CLASS);

  private static final Pattern BOX = Pattern.compile("\\\\f?boxed\\s*\\{");
  private static final Pattern NUMBER = Pattern.compile("-?\\d+(\\.\\d+)?([eE][+-]?\\d+)?");

  private final Columns columns;
  private final Optional<PromptTemplate> prompt;

  RowTasks(Columns columns) {
    this.columns = columns;
    this.prompt = columns.prompt().map(PromptTemplate::parse);
  }

  /**
   * The task, with what there is to learn where the row has it; a completion is otherwise empty.
   *
   * @param place what the task is called where no column names it
   * @throws DatasetException if a column is missing or of the wrong kind; the message names the
   *     column and leaves file and line to the caller
   */
  Demonstration read(ObjectNode row, String place) {
    Optional<Conversation> conversation =
        columns.messages().map(column -> ConversationColumns.read(row, column, columns.tools()));
    // An empty completion is something to learn, too: that nothing is said.
    String completion = columns.completion().map(column -> Row.text(row, column)).orElse("");
    if (conversation.isEmpty()) {
      String text = prompt.orElseThrow().fill(column -> Row.shown(row, column));
      return new Demonstration(task(row, place, text, Optional.empty()), completion);
    }
    Conversation whole = conversation.get();
    int last = whole.lastAssistant();
    if (last == 0) {
      throw new DatasetException(
          columns.messages().get() + ": begins with its last assistant turn; expected a user's");
    }
    Conversation asked = last < 0 ? whole : whole.first(last);
    return new Demonstration(
        task(row, place, asked.text(), Optional.of(asked)),
        last < 0 ? "" : whole.content(last),
        last < 0 ? Optional.empty() : conversation);
  }

  private Task task(ObjectNode row, String place, String text, Optional<Conversation> asked) {
    if (text.isBlank()) {
      throw new DatasetException("prompt: is blank; expected text");
    }
    return new Task(
        columns.id().map(column -> Row.text(row, column)).orElse(place),
        text,
        columns.answer().map(where -> answer(row, where)),
        List.of(),
        JsonLines.fields(row),
        asked);
  }

  /**
   * How hard a row's task is; NaN where no column says so.
   *
   * @throws DatasetException if the column is missing or holds no number
   */
  double difficulty(ObjectNode row) {
    if (columns.difficulty().isEmpty()) {
      return Double.NaN;
    }
    String column = columns.difficulty().get();
    Matcher number = NUMBER.matcher(Row.text(row, column));
    if (!number.find()) {
      throw new DatasetException(
          column
              + ": \""
              + Row.text(row, column)
              + "\" holds no number; expected one, larger is harder");
    }
    return Double.parseDouble(number.group());
  }

  private static String answer(ObjectNode row, AnswerColumn where) {
    String text = Row.text(row, where.from());
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
    if (where.boxed()) {
      text = boxed(text, where.from());
    }
    text = text.strip();
    if (text.isEmpty()) {
      throw new DatasetException(where.from() + ": holds no answer; expected text");
    }
    return text;
  }

  /** What the last box holds, braces within it included. */
  private static String boxed(String text, String column) {
    Matcher box = BOX.matcher(text);
    int from = -1;
    while (box.find()) {
      from = box.end();
    }
    int depth = 1;
    for (int i = from; i >= 0 && i < text.length(); i++) {
      char c = text.charAt(i);
      boolean escaped = i > 0 && text.charAt(i - 1) == '\\';
      depth += escaped ? 0 : c == '{' ? 1 : c == '}' ? -1 : 0;
      if (depth == 0) {
        return text.substring(from, i);
      }
    }
    throw new DatasetException(column + ": holds no \\boxed{…}; expected the answer in it");
  }

  /**
   * What two prompts have in common that are the same to a reader: Unicode's composed form, runs of
   * white space as one space, none at the ends. Upper and lower case differ.
   */
  static String normalize(String prompt) {
    return SPACE.matcher(Normalizer.normalize(prompt, Normalizer.Form.NFC)).replaceAll(" ").strip();
  }
}
