package io.whetstone.checkpoints;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalDouble;

/**
 * A complete checkpoint: a Hugging Face model directory (see {@link HuggingFaceModel}) with the
 * optimizer's tensors and the trainer's progress beside the model.
 *
 * @param step the step after which it was made; the directory is {@code step-N}
 * @param score given when it was saved, higher is better; absent where nothing was measured
 */
public record Checkpoint(Path directory, long step, OptionalDouble score) {
  /** Named tensors that belong to the optimizer. */
  public static final String OPTIMIZER = "optimizer.safetensors";

  /** Whatever the trainer needs to go on: JSON that this module does not look into. */
  public static final String PROGRESS = "progress.json";

  private static final ObjectMapper JSON =
      new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

  public Path optimizer() {
    return directory.resolve(OPTIMIZER);
  }

  /**
   * @throws CheckpointException when it is missing or not JSON
   */
  public JsonNode progress() {
    Path file = directory.resolve(PROGRESS);
    try {
      return JSON.readTree(Files.readAllBytes(file));
    } catch (IOException e) {
      throw new CheckpointException(file + ": cannot be read: " + e.getMessage(), e);
    }
  }

  /** Writes {@link #PROGRESS} into a checkpoint that is being made. */
  public static void writeProgress(Path directory, JsonNode progress) throws IOException {
    Files.write(
        directory.resolve(PROGRESS),
        (JSON.writeValueAsString(progress) + "\n").getBytes(StandardCharsets.UTF_8));
  }
}
