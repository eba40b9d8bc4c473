package io.whetstone.trainer.loop;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.whetstone.tensor.Philox;
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
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;

/**
 * What a round learns from: a prompt and one completion that was kept, or two of which the first is
 * the better. A checkpoint keeps them, since the policy that drew them is gone.
 *
 * @param task the task's id
 * @param completions ids, a final stop token included
 * @param references for each completion its log-likelihood under the reference, in nats; empty
 *     where there is none
 */
record Lesson(String task, int[] prompt, List<int[]> completions, double[] references) {
  private static final String FILE = "lessons.jsonl.gz";
  private static final ObjectMapper JSON = new ObjectMapper();

  Lesson {
    // Lessons of one task must not share the array: their prompts would be packed as one, which
    // they
    // are not when they come from a checkpoint, and the bits would differ.
    prompt = prompt.clone();
    completions = List.copyOf(completions);
    if (references.length != 0 && references.length != completions.size()) {
      throw new IllegalArgumentException(
          references.length + " references for " + completions.size() + " completions");
    }
  }

  /** The lessons of a step: {@code count} of them from place {@code from}, shuffled each pass. */
  static List<Lesson> batch(List<Lesson> all, long from, int count, long key) {
    List<Lesson> batch = new ArrayList<>();
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
        line.set("references", JSON.valueToTree(lesson.references));
        out.write(line.toString());
        out.write('\n');
      }
    }
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
        lessons.add(
            new Lesson(
                node.required("task").textValue(),
                JSON.convertValue(node.required("prompt"), int[].class),
                completions,
                JSON.convertValue(node.required("references"), double[].class)));
      }
    }
    return lessons;
  }
}
