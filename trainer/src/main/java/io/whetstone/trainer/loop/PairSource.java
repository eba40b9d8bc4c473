package io.whetstone.trainer.loop;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.whetstone.datasets.JsonLines;
import io.whetstone.trainer.config.PairsFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;

/** Reads pairs from a file: every line can be used, or the run does not begin. */
final class PairSource {
  /**
   * A pair.
   *
   * @param margin how much more the better one should be worth, where the file says so
   */
  record Pair(Lesson lesson, OptionalDouble margin) {}

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
   * All pairs, a list a line, in the file's order. Memory: their ids.
   *
   * @throws IllegalArgumentException naming file, line and field of what cannot be used
   */
  List<List<Pair>> read() {
    List<List<Pair>> pairs = new ArrayList<>();
    try (JsonLines lines = new JsonLines(Files.newInputStream(path))) {
      for (JsonLines.Line line = lines.next(); line != null; line = lines.next()) {
        pairs.add(line(line));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    if (pairs.isEmpty()) {
      throw new IllegalArgumentException(path + ": holds no pair");
    }
    return pairs;
  }

  private List<Pair> line(JsonLines.Line line) {
    String where = path.getFileName() + ":" + line.number();
    ObjectNode fields;
    try {
      fields = JsonLines.parse(line);
    } catch (RuntimeException e) {
      throw new IllegalArgumentException(where + ": " + e.getMessage(), e);
    }
    PreferenceLine said = PreferenceLine.read(fields, settings, where);
    guard.check(where, said.task().prompt());
    int[] better = samples.completion(said.chosen());
    List<Pair> pairs = new ArrayList<>();
    for (PreferenceLine.Worse each : said.rejected()) {
      int[] worse = samples.completion(each.text());
      int[] ids = samples.prompt(said.task(), Math.max(better.length, worse.length));
      pairs.add(new Pair(Lesson.whole(where, ids, List.of(better, worse)), each.margin()));
    }
    return pairs;
  }
}
