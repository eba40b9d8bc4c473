package io.whetstone.datasets;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The one reading of a whole file: checks every line and counts what was found. */
final class JsonlAudit {

  private static final int EXAMPLES = 5;

  private final JsonlSettings settings;
  private final JsonlIndex index = new JsonlIndex();
  private final LengthCount prompts = new LengthCount();
  private final LengthCount answers = new LengthCount();
  private final List<String> examples = new ArrayList<>();
  private long skipped;
  private long duplicates;
  private long conflicts;

  private JsonlAudit(JsonlSettings settings) {
    this.settings = settings;
  }

  static JsonlAudit of(Path path, JsonlSettings settings, JsonlTasks reader) throws IOException {
    JsonlAudit audit = new JsonlAudit(settings);
    try (JsonLines lines = new JsonLines(Files.newInputStream(path))) {
      for (JsonLines.Line line = lines.next(); line != null; line = lines.next()) {
        audit.take(line, path, reader);
      }
    }
    if (audit.index.tasks() == 0) {
      throw new DatasetException(
          path
              + ": holds no task; expected at least one line"
              + (audit.skipped > 0 ? "; first bad line: " + audit.examples.getFirst() : ""));
    }
    return audit;
  }

  private void take(JsonLines.Line line, Path path, JsonlTasks reader) {
    Demonstration read;
    try {
      read = reader.read(JsonLines.parse(line), line.number());
    } catch (DatasetException e) {
      String what = path + ":" + line.number() + ": " + e.getMessage();
      if (settings.onBadLine() == JsonlSettings.OnBadLine.STOP) {
        throw new DatasetException(what + " (on-bad-line: skip would go on without it)");
      }
      skipped++;
      if (examples.size() < EXAMPLES) {
        examples.add(what);
      }
      return;
    }
    keep(line, read);
  }

  private void keep(JsonLines.Line line, Demonstration read) {
    Task task = read.task();
    long hash = Hash.of(JsonlTasks.normalize(task.prompt()), 0);
    long answer = Hash.of(task.answer().orElse(""), 1);
    JsonlIndex.Entry entry =
        new JsonlIndex.Entry(line.offset(), line.bytes().length, line.number(), hash, answer);
    int number = index.find(hash);
    boolean seen = number >= 0;
    if (seen && index.task(number).answer() != answer) {
      conflicts++;
    }
    if (!seen) {
      number = index.addTask(entry);
      prompts.add(task.prompt());
      task.answer().ifPresent(answers::add);
    }
    boolean fresh =
        settings.completion().isPresent()
            ? index.addDemonstration(entry, number, Hash.of(read.completion(), 2))
            : !seen;
    duplicates += fresh ? 0 : 1;
  }

  JsonlIndex index() {
    return index;
  }

  DatasetSummary summary(String name, int training, int heldOut) {
    return new DatasetSummary(
        name,
        training,
        heldOut,
        skipped,
        duplicates,
        conflicts,
        prompts.lengths(),
        answers.lengths(),
        examples);
  }
}
