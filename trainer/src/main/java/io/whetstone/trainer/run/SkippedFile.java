package io.whetstone.trainer.run;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** {@code skipped.jsonl}: a line a step that left the weights as they were; absent without any. */
final class SkippedFile {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Path file;

  SkippedFile(Path file) {
    this.file = file;
  }

  void append(String stage, int step, String why, List<String> batch) {
    ObjectNode line = JSON.createObjectNode().put("stage", stage).put("step", step).put("why", why);
    batch.forEach(line.putArray("tasks")::add);
    try {
      Files.writeString(file, line + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    } catch (IOException e) {
      throw RunException.failure(file + ": cannot be written: " + RunException.reason(e), e);
    }
  }

  /** Drops the lines of steps that are not among {@code steps} (as {@code STAGE-STEP}). */
  void keepOnly(Set<String> steps) {
    if (!Files.exists(file)) {
      return;
    }
    try {
      List<String> kept = new ArrayList<>();
      for (String line : Files.readAllLines(file)) {
        // A killed process may have left half a line; its step has no line of metrics after it.
        JsonNode node = line.endsWith("}") ? JSON.readTree(line) : JSON.createObjectNode();
        if (steps.contains(node.path("stage").asText() + "-" + node.path("step").asText())) {
          kept.add(line + "\n");
        }
      }
      if (kept.isEmpty()) {
        Files.delete(file);
      } else {
        Files.writeString(file, String.join("", kept));
      }
    } catch (IOException e) {
      throw RunException.failure(file + ": cannot be cut back: " + RunException.reason(e), e);
    }
  }
}
