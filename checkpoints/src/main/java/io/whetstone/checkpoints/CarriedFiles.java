package io.whetstone.checkpoints;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.whetstone.model.ModelConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;

/**
 * What a model's directory holds besides weights and the tokenizer that is in use, read before it
 * may change, to lie beside other weights of the same shape.
 *
 * <p>All is carried over byte for byte but for {@code config.json}, in which the weights' type
 * changes and nothing else: keys that are not known here stay.
 */
public final class CarriedFiles {
  private static final String[] NAMES = {
    "generation_config.json",
    "added_tokens.json",
    "chat_template.json",
    "merges.txt",
    "tokenizer.model",
    "vocab.json",
    "vocab.txt",
    "LICENSE",
    "LICENSE.txt",
    "LICENSE.md",
    "NOTICE",
    "USE_POLICY.md"
  };

  private static final Pattern TYPE = Pattern.compile("(\"(?:torch_)?dtype\"\\s*:\\s*)\"\\w*\"");

  private final String text;
  private final ObjectNode config;
  private final Map<String, byte[]> files;

  private CarriedFiles(String text, ObjectNode config, Map<String, byte[]> files) {
    this.text = text;
    this.config = config;
    this.files = files;
  }

  /**
   * Reads a model's.
   *
   * @throws CheckpointException when one cannot be read
   */
  public static CarriedFiles of(Path directory) {
    Map<String, byte[]> files = new TreeMap<>();
    Path config = directory.resolve(HuggingFaceModel.CONFIG);
    ObjectNode root = (ObjectNode) HuggingFaceModel.readObject(config);
    try {
      for (String name : NAMES) {
        if (Files.isRegularFile(directory.resolve(name))) {
          files.put(name, Files.readAllBytes(directory.resolve(name)));
        }
      }
      return new CarriedFiles(Files.readString(config), root, files);
    } catch (IOException e) {
      throw new CheckpointException(directory + ": cannot be read: " + e.getMessage(), e);
    }
  }

  /**
   * Writes all, with {@code config.json} for weights of this type.
   *
   * @param type as transformers calls it: {@code bfloat16}
   * @throws IllegalArgumentException when it is of a model of another shape
   */
  void write(Path directory, ModelConfig shape, String type) throws IOException {
    if (!ConfigFile.parse(HuggingFaceModel.CONFIG, config).equals(shape)) {
      throw new IllegalArgumentException(
          "the model's " + HuggingFaceModel.CONFIG + " is not that of its weights");
    }
    for (Map.Entry<String, byte[]> file : files.entrySet()) {
      Files.write(directory.resolve(file.getKey()), file.getValue());
    }
    writeConfig(directory.resolve(HuggingFaceModel.CONFIG), type);
  }

  /** As it was spelt, where its type is all that changes in it. */
  private void writeConfig(Path file, String type) throws IOException {
    ObjectNode changed = config.deepCopy();
    if (changed.has("torch_dtype")) {
      changed.put("torch_dtype", type);
    }
    if (changed.has("dtype") || !changed.has("torch_dtype")) {
      changed.put("dtype", type);
    }
    String spelt = TYPE.matcher(text).replaceAll("$1\"" + type + "\"");
    if (HuggingFaceModel.parse(spelt).equals(changed)) {
      Files.writeString(file, spelt);
    } else {
      HuggingFaceModel.write(file, changed);
    }
  }
}
