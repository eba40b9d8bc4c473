package io.whetstone.rewards.models;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.whetstone.datasets.settings.Settings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/**
 * What a reward model's number means; {@code reward-model.json} beside its weights.
 *
 * @param kind what it scores
 * @param probability whether the number is a logit, whose sigmoid is the chance of being right; a
 *     model of preferences has none: only differences count
 * @param steps where steps end; used by {@link Kind#PROCESS} alone
 */
public record RewardForm(Kind kind, boolean probability, StepRule steps) {
  /** What a reward model scores. */
  public enum Kind {
    /** The completion, at its last token. */
    OUTCOME,
    /** Each step, at its last token. */
    PROCESS
  }

  private static final String FILE = "reward-model.json";
  private static final ObjectMapper JSON =
      new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

  /** A directory of another's making: a number for the completion, whatever it means. */
  static final RewardForm FOREIGN = new RewardForm(Kind.OUTCOME, false, StepRule.LINES);

  /** The form of the model in a directory. */
  static RewardForm read(Path directory) {
    Path file = directory.resolve(FILE);
    if (!Files.exists(file)) {
      return FOREIGN;
    }
    try {
      @SuppressWarnings("unchecked") // a JSON object's keys are text
      Map<String, Object> settings = JSON.readValue(file.toFile(), Map.class);
      return Settings.read(settings, RewardForm.class, "");
    } catch (IOException | IllegalArgumentException e) {
      throw new IllegalArgumentException(file + ": " + e.getMessage(), e);
    }
  }

  void write(Path directory) throws IOException {
    ObjectNode root = JSON.createObjectNode();
    root.put("kind", kind.name().toLowerCase(java.util.Locale.ROOT));
    root.put("probability", probability);
    root.putObject("steps").put("ends", steps.ends()).put("begins", steps.begins());
    Files.writeString(directory.resolve(FILE), JSON.writeValueAsString(root) + "\n");
  }
}
