package io.whetstone.trainer.loop;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.whetstone.datasets.Task;
import io.whetstone.datasets.TaskSource;
import io.whetstone.generation.Completion;
import io.whetstone.generation.StopReason;
import io.whetstone.rewards.ScoredGroup;
import io.whetstone.trainer.rollout.PromptEncoder;
import io.whetstone.trainer.rollout.Rollout;
import io.whetstone.trainer.rollout.RolloutScorer;
import io.whetstone.trainer.rollout.ScoredRollout;
import io.whetstone.trainer.rollout.TaskVisit;
import io.whetstone.trainer.run.RolloutRecord;
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
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;

/**
 * Rollouts that wait to be trained on, as a checkpoint keeps them, to the bit: their policy is
 * gone, so they cannot be drawn again. For each batch a line; for each group a line with its task's
 * index, then a line a completion, as in a run's records.
 */
final class SavedRollouts {
  private static final String FILE = "waiting-rollouts.jsonl.gz";
  private static final ObjectMapper JSON = new ObjectMapper();

  private final TaskSource tasks;
  private final PromptEncoder prompts;
  private final RolloutScorer scorer;

  /** Tasks, prompts and groups are made again; they follow from the task's index. */
  SavedRollouts(TaskSource tasks, PromptEncoder prompts, RolloutScorer scorer) {
    this.tasks = tasks;
    this.prompts = prompts;
    this.scorer = scorer;
  }

  /** Writes nothing where nothing waits. */
  static void write(Path directory, List<Collected> batches) throws IOException {
    if (batches.isEmpty()) {
      return;
    }
    try (Writer out =
        new OutputStreamWriter(
            new GZIPOutputStream(Files.newOutputStream(directory.resolve(FILE))),
            StandardCharsets.UTF_8)) {
      for (Collected batch : batches) {
        line(
            out,
            JSON.createObjectNode()
                .put("groups", batch.all().size())
                .put("attempts", batch.attempts()));
        for (int g = 0; g < batch.all().size(); g++) {
          group(out, batch.all().get(g), batch.fates().get(g));
        }
      }
    }
  }

  private static void group(Writer out, ScoredRollout group, Collected.Fate fate)
      throws IOException {
    Rollout rollout = group.rollout();
    line(
        out,
        JSON.createObjectNode()
            .put("index", rollout.visit().index())
            .put("visit", rollout.visit().visit())
            .put("attempt", rollout.attempt())
            .put("fate", fate.name())
            .put("completions", rollout.completions().size())
            .put("greedy", rollout.greedy().isPresent()));
    for (int i = 0; i < rollout.completions().size(); i++) {
      boolean[] trained = new boolean[rollout.completions().get(i).ids().length];
      out.write(RolloutRecord.of(group, i, trained, new double[0]).json());
      out.write('\n');
    }
    if (rollout.greedy().isPresent()) {
      out.write(RolloutRecord.greedy(group).json());
      out.write('\n');
    }
  }

  private static void line(Writer out, ObjectNode node) throws IOException {
    out.write(node.toString());
    out.write('\n');
  }

  /** What {@link #write} wrote; empty where it wrote nothing. */
  List<Collected> read(Path directory) throws IOException {
    Path file = directory.resolve(FILE);
    List<Collected> batches = new ArrayList<>();
    if (!Files.exists(file)) {
      return batches;
    }
    try (BufferedReader in =
        new BufferedReader(
            new InputStreamReader(
                new GZIPInputStream(Files.newInputStream(file)), StandardCharsets.UTF_8))) {
      for (String line = in.readLine(); line != null; line = in.readLine()) {
        JsonNode head = JSON.readTree(line);
        List<ScoredRollout> groups = new ArrayList<>();
        List<Collected.Fate> fates = new ArrayList<>();
        for (int g = 0; g < head.required("groups").intValue(); g++) {
          JsonNode group = JSON.readTree(in.readLine());
          fates.add(Collected.Fate.valueOf(group.required("fate").textValue()));
          groups.add(group(group, in));
        }
        batches.add(new Collected(groups, fates, head.required("attempts").intValue()));
      }
    }
    return batches;
  }

  private ScoredRollout group(JsonNode head, BufferedReader in) throws IOException {
    long index = head.required("index").longValue();
    Task task = tasks.task(index);
    List<RolloutRecord> records = new ArrayList<>();
    for (int i = 0; i < head.required("completions").intValue(); i++) {
      records.add(RolloutRecord.read(in.readLine()));
    }
    Optional<RolloutRecord> greedy =
        head.required("greedy").booleanValue()
            ? Optional.of(RolloutRecord.read(in.readLine()))
            : Optional.empty();
    Rollout rollout =
        new Rollout(
            new TaskVisit(task, index, head.required("visit").longValue()),
            head.required("attempt").intValue(),
            prompts.encode(task, 0),
            records.stream().map(SavedRollouts::completion).toList(),
            greedy.map(SavedRollouts::completion));
    return new ScoredRollout(
        rollout,
        scores(rollout, records, rollout.completions()),
        greedy.map(r -> scores(rollout, List.of(r), List.of(rollout.greedy().orElseThrow()))));
  }

  private static Completion completion(RolloutRecord record) {
    StopReason stop =
        Arrays.stream(StopReason.values())
            .filter(reason -> reason.text().equals(record.stop()))
            .findFirst()
            .orElseThrow(() -> new IllegalArgumentException("stop: " + record.stop()));
    return new Completion(
        record.ids(), record.logprobs(), record.forced(), record.text(), stop, record.policy());
  }

  private ScoredGroup scores(
      Rollout rollout, List<RolloutRecord> records, List<Completion> completions) {
    Map<String, List<io.whetstone.rewards.Score>> scores = new LinkedHashMap<>();
    for (String name : records.getFirst().scores().keySet()) {
      scores.put(name, records.stream().map(record -> record.scores().get(name)).toList());
    }
    return new ScoredGroup(
        scorer.group(rollout, completions),
        scores,
        records.stream().map(RolloutRecord::reward).toList());
  }
}
