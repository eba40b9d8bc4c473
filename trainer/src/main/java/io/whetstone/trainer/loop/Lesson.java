package io.whetstone.trainer.loop;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.whetstone.generation.Completion;
import io.whetstone.tensor.Philox;
import io.whetstone.trainer.rollout.TrainingSample;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;

/**
 * What a round learns from: a prompt and one completion that was kept, or two of which the first is
 * the better. A checkpoint keeps them, since the policy that drew them is gone.
 *
 * @param task the task's id
 * @param completions ids, a final stop token included
 * @param forced for each completion a mark an id: it was put in, not drawn, and is not learned
 * @param references for each completion its log-likelihood under the reference, in nats; empty
 *     where there is none
 */
record Lesson(
    String task,
    int[] prompt,
    List<int[]> completions,
    List<boolean[]> forced,
    double[] references) {
  private static final String FILE = "lessons.jsonl.gz";
  private static final ObjectMapper JSON = new ObjectMapper();

  Lesson {
    // Lessons of one task must not share the array: their prompts would be packed as one, which
    // they
    // are not when they come from a checkpoint, and the bits would differ.
    prompt = prompt.clone();
    completions = List.copyOf(completions);
    forced = List.copyOf(forced);
    for (int c = 0; c < Math.max(completions.size(), forced.size()); c++) {
      if (completions.size() != forced.size()
          || completions.get(c).length != forced.get(c).length) {
        throw new IllegalArgumentException("task " + task + ": expected a mark for each id");
      }
    }
    if (references.length != 0 && references.length != completions.size()) {
      throw new IllegalArgumentException(
          references.length + " references for " + completions.size() + " completions");
    }
  }

  /** Completions of which every id is learned, and no references. */
  static Lesson whole(String task, int[] prompt, List<int[]> completions) {
    List<boolean[]> none = completions.stream().map(ids -> new boolean[ids.length]).toList();
    return new Lesson(task, prompt, completions, none, new double[0]);
  }

  /** Completions as they were drawn, and no references. */
  static Lesson drawn(String task, int[] prompt, Completion... completions) {
    return new Lesson(
        task,
        prompt,
        Arrays.stream(completions).map(Completion::ids).toList(),
        Arrays.stream(completions).map(Completion::forced).toList(),
        new double[0]);
  }

  /** The same with references. */
  Lesson with(double... references) {
    return new Lesson(task, prompt, completions, forced, references);
  }

  /**
   * A completion as a sample to train on.
   *
   * @param group the sample's group in its step
   */
  TrainingSample sample(int completion, int group) {
    return TrainingSample.demonstration(
        prompt, completions.get(completion), forced.get(completion), group);
  }

  /** The lessons of a step: {@code count} of them from place {@code from}, shuffled each pass. */
  static <L> List<L> batch(List<L> all, long from, int count, long key) {
    List<L> batch = new ArrayList<>();
    long shuffled = -1;
    int[] order = new int[0];
    for (long place = from; place < from + count; place++) {
      long pass = place / all.size();
      if (pass != shuffled) {
        order = Philox.permutation(Philox.derive(key, pass), all.size());
        shuffled = pass;
      }
      batch.add(all.get(order[(int) (place % all.size())]));
    }
    return batch;
  }

  static void write(Path directory, List<Lesson> lessons) throws IOException {
    try (Writer out =
        new OutputStreamWriter(
            new GZIPOutputStream(Files.newOutputStream(directory.resolve(FILE))),
            StandardCharsets.UTF_8)) {
      for (Lesson lesson : lessons) {
        ObjectNode line = JSON.createObjectNode().put("task", lesson.task);
        line.set("prompt", JSON.valueToTree(lesson.prompt));
        ArrayNode completions = line.putArray("completions");
        lesson.completions.forEach(ids -> completions.add(JSON.valueToTree(ids)));
        if (lesson.forced.stream().anyMatch(Lesson::anyOf)) {
          line.set("forced", JSON.valueToTree(lesson.forced));
        }
        line.set("references", JSON.valueToTree(lesson.references));
        out.write(line.toString());
        out.write('\n');
      }
    }
  }

  private static boolean anyOf(boolean[] marks) {
    for (boolean mark : marks) {
      if (mark) {
        return true;
      }
    }
    return false;
  }

  static List<Lesson> read(Path directory) throws IOException {
    List<Lesson> lessons = new ArrayList<>();
    try (BufferedReader in =
        new BufferedReader(
            new InputStreamReader(
                new GZIPInputStream(Files.newInputStream(directory.resolve(FILE))),
                StandardCharsets.UTF_8))) {
      for (String line = in.readLine(); line != null; line = in.readLine()) {
        JsonNode node = JSON.readTree(line);
        List<int[]> completions = new ArrayList<>();
        for (JsonNode ids : node.required("completions")) {
          completions.add(JSON.convertValue(ids, int[].class));
        }
        Lesson whole =
            whole(
                node.required("task").textValue(),
                JSON.convertValue(node.required("prompt"), int[].class),
                completions);
        List<boolean[]> forced =
            node.has("forced")
                ? List.of(JSON.convertValue(node.get("forced"), boolean[][].class))
                : whole.forced;
        lessons.add(
            new Lesson(
                whole.task,
                whole.prompt,
                completions,
                forced,
                JSON.convertValue(node.required("references"), double[].class)));
      }
    }
    return lessons;
  }
}
