package io.whetstone.trainer.loop;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.whetstone.rewards.models.Scorable;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;

/**
 * What a reward model learns from or is tested on: one completion with labels, or two of which the
 * first is the better. A checkpoint keeps them, since the policy that drew them is gone.
 *
 * @param task names it in complaints
 * @param completions one, or a pair
 * @param margin of a pair: how much more the better one should be worth; empty for the stage's
 */
record RewardExample(String task, int[] prompt, List<Labelled> completions, OptionalDouble margin) {
  /**
   * A completion.
   *
   * @param ends indices of the tokens that are scored
   * @param labels for each, 0 to 1, or NaN where it has none; empty in a pair
   * @param truth for each, 0 or 1 by the task's own steps, or NaN where they are not known
   * @param right 1 or 0: whether its answer is; NaN where that is not known
   */
  record Labelled(int[] ids, int[] ends, double[] labels, double[] truth, double right) {}

  private static final String FILE = "reward-examples.jsonl.gz";
  private static final ObjectMapper JSON = new ObjectMapper();

  RewardExample {
    // As in a Lesson: what is packed together must not depend on whether a checkpoint was read.
    prompt = prompt.clone();
    completions = List.copyOf(completions);
  }

  /** An example with the stage's margin, where it is a pair. */
  RewardExample(String task, int[] prompt, List<Labelled> completions) {
    this(task, prompt, completions, OptionalDouble.empty());
  }

  /** What is scored of the examples, all completions in order. */
  static List<Scorable> scorables(List<RewardExample> examples) {
    List<Scorable> all = new ArrayList<>();
    for (RewardExample example : examples) {
      for (Labelled completion : example.completions) {
        all.add(new Scorable(example.prompt, completion.ids, completion.ends));
      }
    }
    return all;
  }

  /**
   * @param margin null for the stage's
   */
  private record Line(
      boolean test, String task, int[] prompt, List<Labelled> completions, Double margin) {
    static Line of(boolean test, RewardExample example) {
      return new Line(
          test,
          example.task,
          example.prompt,
          example.completions,
          example.margin.isPresent() ? example.margin.getAsDouble() : null);
    }
  }

  static void write(Path directory, List<RewardExample> training, List<RewardExample> test)
      throws IOException {
    try (Writer out =
        new OutputStreamWriter(
            new GZIPOutputStream(Files.newOutputStream(directory.resolve(FILE))),
            StandardCharsets.UTF_8)) {
      for (RewardExample example : training) {
        write(Line.of(false, example), out);
      }
      for (RewardExample example : test) {
        write(Line.of(true, example), out);
      }
    }
  }

  private static void write(Line line, Writer out) throws IOException {
    out.write(JSON.writeValueAsString(line));
    out.write('\n');
  }

  /** Reads what {@link #write} wrote into the two lists. */
  static void read(Path directory, List<RewardExample> training, List<RewardExample> test)
      throws IOException {
    try (BufferedReader in =
        new BufferedReader(
            new InputStreamReader(
                new GZIPInputStream(Files.newInputStream(directory.resolve(FILE))),
                StandardCharsets.UTF_8))) {
      for (String line = in.readLine(); line != null; line = in.readLine()) {
        JsonNode node = JSON.readTree(line);
        Line read = JSON.treeToValue(node, Line.class);
        (read.test ? test : training)
            .add(
                new RewardExample(
                    read.task,
                    read.prompt,
                    read.completions,
                    read.margin == null ? OptionalDouble.empty() : OptionalDouble.of(read.margin)));
      }
    }
  }
}
