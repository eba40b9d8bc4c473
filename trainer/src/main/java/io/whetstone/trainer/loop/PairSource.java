package io.whetstone.trainer.loop;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.whetstone.datasets.JsonLines;
import io.whetstone.datasets.Task;
import io.whetstone.trainer.config.PairsFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Reads pairs from a file: every line is one, or the run does not begin. */
final class PairSource {
  private final PairsFile settings;
  private final Path path;
  private final HeldOutGuard guard;
  private final DemonstrationSamples samples;

  /**
   * @param directory what a relative path starts from
   */
  PairSource(PairsFile settings, Path directory, HeldOutGuard guard, DemonstrationSamples samples) {
    this.settings = settings;
    this.path = directory.resolve(settings.path());
    this.guard = guard;
    this.samples = samples;
  }

  /**
   * All pairs, in the file's order. Memory: their ids.
   *
   * @throws IllegalArgumentException naming file, line and field of what cannot be used
   */
  List<Lesson> read() {
    List<Lesson> lessons = new ArrayList<>();
    try (JsonLines lines = new JsonLines(Files.newInputStream(path))) {
      for (JsonLines.Line line = lines.next(); line != null; line = lines.next()) {
        lessons.add(lesson(line));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    if (lessons.isEmpty()) {
      throw new IllegalArgumentException(path + ": holds no pair");
    }
    return lessons;
  }

  private Lesson lesson(JsonLines.Line line) {
    String where = path.getFileName() + ":" + line.number();
    ObjectNode fields;
    try {
      fields = JsonLines.parse(line);
    } catch (RuntimeException e) {
      throw new IllegalArgumentException(where + ": " + e.getMessage(), e);
    }
    String prompt = text(fields, settings.prompt(), where);
    String chosen = text(fields, settings.chosen(), where);
    String rejected = text(fields, settings.rejected(), where);
    if (chosen.equals(rejected)) {
      throw new IllegalArgumentException(
          where + ": " + settings.chosen() + " and " + settings.rejected() + " are the same text");
    }
    guard.check(where, prompt);
    int[] better = samples.completion(chosen);
    int[] worse = samples.completion(rejected);
    Task task = new Task(where, prompt, Optional.empty(), List.of(), Map.of());
    int[] ids = samples.prompt(task, Math.max(better.length, worse.length));
    return Lesson.whole(where, ids, List.of(better, worse));
  }

  private static String text(ObjectNode fields, String name, String where) {
    JsonNode value = fields.get(name);
    if (value == null || !value.isTextual()) {
      List<String> there = new ArrayList<>();
      fields.fieldNames().forEachRemaining(there::add);
      throw new IllegalArgumentException(
          where
              + ": "
              + name
              + (value == null ? " is missing; there is: " + there : " is no text: " + value));
    }
    return value.textValue();
  }
}
