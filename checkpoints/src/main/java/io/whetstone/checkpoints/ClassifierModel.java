package io.whetstone.checkpoints;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.whetstone.model.Family;
import io.whetstone.model.ModelConfig;
import io.whetstone.model.ScalarHead;
import io.whetstone.tensor.Backend;
import io.whetstone.tensor.DType;
import io.whetstone.tensor.Tensor;
import io.whetstone.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;

/**
 * A directory as transformers' sequence classification with one label reads and writes it: the
 * model's own tensors and {@code score.weight}, without a {@code lm_head}.
 */
public final class ClassifierModel {
  private ClassifierModel() {}

  /**
   * Writes a model that {@code AutoModelForSequenceClassification} loads.
   *
   * @param weights the transformer's under Hugging Face's names, and {@code score.weight} [1,
   *     hidden]
   * @param stored F32, or BF16 to round them to
   */
  public static void save(
      Path directory,
      ModelConfig config,
      Map<String, Tensor> weights,
      DType stored,
      Backend backend,
      Tokenizer tokenizer)
      throws IOException {
    ObjectNode root = ConfigWriter.write(config, stored);
    root.putArray("architectures").add(name(config.architecture().family()));
    // transformers keeps no count of labels, only their names.
    root.putObject("id2label").put("0", "LABEL_0");
    root.putObject("label2id").put("LABEL_0", 0);
    HuggingFaceModel.requireRows(config, tokenizer);
    HuggingFaceModel.save(directory, root, weights, stored, backend, tokenizer);
  }

  private static String name(Family family) {
    return (family == Family.GEMMA3 ? "Gemma3Text" : ConfigFile.model(family))
        + "ForSequenceClassification";
  }

  /**
   * Whether a directory says that it holds a model for sequence classification.
   *
   * @throws CheckpointException where it has no {@code config.json} that can be read
   */
  public static boolean isAt(Path directory) {
    return isNamed(
        architecture(HuggingFaceModel.readObject(directory.resolve(HuggingFaceModel.CONFIG))));
  }

  private static String architecture(JsonNode config) {
    return config.path("architectures").path(0).asText("none");
  }

  private static boolean isNamed(String architecture) {
    return architecture.endsWith("ForSequenceClassification");
  }

  /**
   * The shape of the model in a directory.
   *
   * @throws CheckpointException when it is no model for sequence classification with one label
   */
  public static ModelConfig config(Path directory) {
    Path file = directory.resolve(HuggingFaceModel.CONFIG);
    JsonNode root = HuggingFaceModel.readObject(file);
    String architecture = architecture(root);
    if (!isNamed(architecture)) {
      throw new CheckpointException(
          file
              + ": architectures: "
              + architecture
              + " is no model for sequence classification, which a reward model is");
    }
    int labels =
        root.has("id2label") ? root.get("id2label").size() : root.path("num_labels").asInt(2);
    if (labels != 1) {
      throw new CheckpointException(
          file + ": id2label: " + labels + " labels; expected 1, the reward");
    }
    return ConfigFile.parse(file.toString(), root);
  }

  /**
   * Fills tensors from a directory, whose files must hold these and no others.
   *
   * @param weights the transformer's, without {@code lm_head.weight}, and {@code score.weight}
   */
  public static void read(
      Path directory, ModelConfig config, Map<String, Tensor> weights, Backend backend) {
    if (!weights.containsKey(ScalarHead.NAME)) {
      throw new IllegalArgumentException(ScalarHead.NAME + " is not among the tensors to be read");
    }
    try (WeightFiles files = WeightFiles.open(directory)) {
      files.read(weights, config, backend);
    }
  }
}
