package io.whetstone.trainer.command;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.whetstone.generation.Completion;
import io.whetstone.rewards.Outcome;
import io.whetstone.rewards.Score;
import io.whetstone.trainer.evaluation.Evaluated;
import io.whetstone.trainer.evaluation.Measured;
import io.whetstone.trainer.rollout.ScoredRollout;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** An evaluation for people and for programs. */
final class EvaluationReport {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Evaluated evaluated;
  private final String deciding;

  EvaluationReport(Evaluated evaluated, String deciding) {
    this.evaluated = evaluated;
    this.deciding = deciding;
  }

  /** Says before the work, not after it, that the file cannot be written. */
  static void requireWritable(Path file) {
    Path directory = file.toAbsolutePath().getParent();
    String why =
        Files.isDirectory(file)
            ? "is a directory"
            : !Files.isDirectory(directory)
                ? "there is no directory " + directory
                : Files.isWritable(Files.exists(file) ? file : directory)
                    ? null
                    : "may not be written there";
    if (why != null) {
      throw new UsageException("--out " + file + ": " + why + "; name another file");
    }
  }

  List<String> table() {
    Measured m = evaluated.measured();
    List<String> lines = new ArrayList<>();
    lines.add(
        row("pass@1", m.passAt1().estimate())
            + String.format(
                Locale.ROOT,
                "   95 %% in [%.1f, %.1f] %%",
                100 * m.passAt1().low(),
                100 * m.passAt1().high()));
    if (m.samples() > 1) {
      lines.add(row("pass@" + m.samples(), m.passAtK()));
      lines.add(row("maj@" + m.samples(), m.majorityAtK()));
    }
    lines.add(row("format", m.format()));
    lines.add(row("thinks", m.thinks()));
    lines.add(row("right when thinking", m.accuracyThinking()));
    lines.add(row("cut off", m.truncated()));
    lines.add(String.format(Locale.ROOT, "%-20s %7.1f tokens", "length", m.lengthMean()));
    lines.add(String.format(Locale.ROOT, "%-20s %7.1f tokens", "thought", m.thoughtLengthMean()));
    lines.add(
        String.format(Locale.ROOT, "%-20s %5d × %d completions", "tasks", m.tasks(), m.samples()));
    if (m.failed() > 0) {
      lines.add(String.format(Locale.ROOT, "%-20s %5d completions", "not scored", m.failed()));
    }
    return lines;
  }

  private static String row(String name, double share) {
    return Double.isNaN(share)
        ? String.format(Locale.ROOT, "%-20s       -", name)
        : String.format(Locale.ROOT, "%-20s %7.1f %%", name, 100 * share);
  }

  List<String> json() throws JsonProcessingException {
    Measured m = evaluated.measured();
    ObjectNode node = JSON.createObjectNode();
    node.put("tasks", m.tasks());
    node.put("samples", m.samples());
    put(node, "pass@1", m.passAt1().estimate());
    put(node, "pass@1-low", m.passAt1().low());
    put(node, "pass@1-high", m.passAt1().high());
    if (m.samples() > 1) {
      put(node, "pass@" + m.samples(), m.passAtK());
      put(node, "maj@" + m.samples(), m.majorityAtK());
    }
    put(node, "format", m.format());
    put(node, "thinks", m.thinks());
    put(node, "accuracy-thinking", m.accuracyThinking());
    put(node, "truncated", m.truncated());
    put(node, "completion-length", m.lengthMean());
    put(node, "think-length", m.thoughtLengthMean());
    node.put("failed", m.failed());
    return List.of(JSON.writeValueAsString(node));
  }

  private static void put(ObjectNode node, String key, double value) {
    if (Double.isNaN(value)) {
      node.putNull(key);
    } else {
      node.put(key, value);
    }
  }

  /** Writes a line a task. */
  void write(Path file) throws IOException {
    try (BufferedWriter out = Files.newBufferedWriter(file)) {
      for (ScoredRollout scored : evaluated.rollouts()) {
        out.write(JSON.writeValueAsString(line(scored)));
        out.write('\n');
      }
    }
  }

  private ObjectNode line(ScoredRollout scored) {
    var task = scored.rollout().visit().task();
    ObjectNode line = JSON.createObjectNode();
    line.put("task", task.id());
    line.put("prompt", task.prompt());
    line.put("answer", task.answer().orElse(null));
    ArrayNode completions = line.putArray("completions");
    int right = 0;
    for (int i = 0; i < scored.rollout().completions().size(); i++) {
      Completion completion = scored.rollout().completions().get(i);
      Score score = scored.scores().score(deciding, i);
      right += score.outcome() == Outcome.CORRECT ? 1 : 0;
      completions
          .addObject()
          .put("text", completion.text())
          .put("outcome", score.outcome().text())
          .put("extracted", score.extracted().orElse(null))
          .put("stop", completion.stop().text())
          .put("tokens", completion.ids().length);
    }
    line.put("right", right);
    return line;
  }
}
