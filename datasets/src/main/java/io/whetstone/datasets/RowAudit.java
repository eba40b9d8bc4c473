package io.whetstone.datasets;

import java.io.IOException;
import java.nio.channels.Channels;
import java.util.ArrayList;
import java.util.List;

/** The one reading of whole files: checks every line and counts what was found. */
final class RowAudit {

  static final int EXAMPLES = 5;

  private final Columns columns;
  private final Reading reading;
  private final RowTasks reader;
  private final RowIndex index = new RowIndex();
  private final LengthCount prompts = new LengthCount();
  private final LengthCount answers = new LengthCount();
  private final List<String> examples = new ArrayList<>();
  private long skipped;
  private long duplicates;
  private long conflicts;
  private long silent;

  private RowAudit(Columns columns, Reading reading, RowTasks reader) {
    this.columns = columns;
    this.reading = reading;
    this.reader = reader;
  }

  static RowAudit of(List<RowFile> files, Columns columns, Reading reading, RowTasks reader)
      throws IOException {
    RowAudit audit = new RowAudit(columns, reading, reader);
    for (int i = 0; i < files.size(); i++) {
      audit.read(files.get(i), i);
    }
    if (audit.index.tasks() == 0) {
      throw new DatasetException(
          files.getFirst().place()
              + (files.size() > 1 ? " and " + (files.size() - 1) + " more files" : "")
              + (files.size() > 1 ? ": hold" : ": holds")
              + " no task; expected at least one line"
              + (audit.skipped > 0 ? "; first bad line: " + audit.examples.getFirst() : ""));
    }
    return audit;
  }

  private void read(RowFile file, int number) throws IOException {
    if (file.rejected() > 0) {
      bad(file.examples().getFirst(), file.rejected());
      file.examples().stream().skip(1).limit(EXAMPLES - examples.size()).forEach(examples::add);
    }
    file.channel().position(0);
    // Not closed: the channel goes on to serve single lines.
    JsonLines lines = new JsonLines(Channels.newInputStream(file.channel()));
    for (JsonLines.Line line = lines.next(); line != null; line = lines.next()) {
      take(line, file, number);
    }
  }

  private void bad(String what, long times) {
    if (reading.onBadLine() == Reading.OnBadLine.STOP) {
      throw new DatasetException(what + " (on-bad-line: skip would go on without it)");
    }
    skipped += times;
    if (examples.size() < EXAMPLES) {
      examples.add(what);
    }
  }

  private void take(JsonLines.Line line, RowFile file, int number) {
    Demonstration read;
    double difficulty;
    try {
      var row = JsonLines.parse(line);
      read = reader.read(row, file.name() + ":" + line.number());
      difficulty = reader.difficulty(row);
    } catch (DatasetException e) {
      bad(file.at(line.number()) + ": " + e.getMessage(), 1);
      return;
    }
    Task task = read.task();
    keep(
        read,
        new RowIndex.Entry(
            number,
            line.offset(),
            line.bytes().length,
            line.number(),
            Hash.of(RowTasks.normalize(task.prompt()), 0),
            Hash.of(task.answer().orElse(""), 1),
            difficulty));
  }

  private void keep(Demonstration read, RowIndex.Entry entry) {
    int number = index.find(entry.hash());
    boolean seen = number >= 0;
    if (seen && index.task(number).answer() != entry.answer()) {
      conflicts++;
    }
    if (!seen) {
      number = index.addTask(entry);
      prompts.add(read.task().prompt());
      read.task().answer().ifPresent(answers::add);
    }
    boolean demonstrates = columns.completion().isPresent() || read.conversation().isPresent();
    silent += columns.demonstrate() && !demonstrates ? 1 : 0;
    boolean fresh =
        demonstrates ? index.addDemonstration(entry, number, Hash.of(read.completion(), 2)) : !seen;
    duplicates += fresh ? 0 : 1;
  }

  RowIndex index() {
    return index;
  }

  DatasetSummary summary(String name, int training, int heldOut) {
    List<String> notes =
        silent == 0
            ? List.of()
            : List.of("conversations in which no assistant speaks (tasks only): " + silent);
    return new DatasetSummary(
        name,
        training,
        heldOut,
        skipped,
        duplicates,
        conflicts,
        prompts.lengths(),
        answers.lengths(),
        examples,
        notes);
  }
}
