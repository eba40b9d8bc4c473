package io.whetstone.checkpoints;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.whetstone.model.FrozenTypes;
import io.whetstone.model.Lora;
import io.whetstone.model.ModelConfig;
import io.whetstone.model.Transformer;
import io.whetstone.model.WeightShapes;
import io.whetstone.tensor.Backend;
import io.whetstone.tensor.DType;
import io.whetstone.tensor.Tensor;
import io.whetstone.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A directory as transformers reads and writes it: {@code config.json}, {@code model.safetensors},
 * {@code generation_config.json} and the tokenizer's files. The families are those of {@link
 * io.whetstone.model.Family}.
 */
public final class HuggingFaceModel {
  public static final String WEIGHTS = "model.safetensors";
  public static final String CONFIG = "config.json";
  private static final String GENERATION = "generation_config.json";
  private static final ObjectMapper JSON =
      new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

  private HuggingFaceModel() {}

  /**
   * Writes a model that serves as it is elsewhere.
   *
   * @param weights under Hugging Face's names: {@link Transformer#weights}
   * @param stored F32, or BF16 to round them to
   * @throws IllegalArgumentException when the tokenizer has more ids than the model
   */
  public static void save(
      Path directory,
      ModelConfig config,
      Map<String, Tensor> weights,
      DType stored,
      Backend backend,
      Tokenizer tokenizer)
      throws IOException {
    requireRows(config, tokenizer);
    save(directory, ConfigWriter.write(config, stored), weights, stored, backend, tokenizer);
  }

  /** The same with a configuration that is written already. */
  static void save(
      Path directory,
      ObjectNode config,
      Map<String, Tensor> weights,
      DType stored,
      Backend backend,
      Tokenizer tokenizer)
      throws IOException {
    Files.createDirectories(directory);
    write(directory.resolve(CONFIG), tokens(config, tokenizer));
    write(directory.resolve(GENERATION), tokens(JsonNodeFactory.instance.objectNode(), tokenizer));
    Safetensors.write(directory.resolve(WEIGHTS), weights, stored, backend);
    tokenizer.save(directory);
  }

  /**
   * Fails where a text can give ids that the model has no embedding of.
   *
   * @throws IllegalArgumentException with both sizes
   */
  public static void requireRows(ModelConfig config, Tokenizer tokenizer) {
    if (tokenizer.plainSize() > config.vocabulary()) {
      throw new IllegalArgumentException(
          "the tokenizer has "
              + tokenizer.size()
              + " ids, the model only "
              + config.vocabulary()
              + " rows of embeddings");
    }
  }

  /**
   * Writes weights with all else carried over from the model they were made from.
   *
   * @param carried of a model of this shape
   * @throws IllegalArgumentException when the carried configuration is another model's
   */
  public static void save(
      Path directory,
      ModelConfig config,
      TensorSource weights,
      StoredWeights stored,
      Backend backend,
      Tokenizer tokenizer,
      CarriedFiles carried)
      throws IOException {
    Files.createDirectories(directory);
    carried.write(directory, config, stored.dominant(weights.shapes()));
    stored.write(directory, weights, backend);
    tokenizer.save(directory);
  }

  /** A model's {@code config.json}, without its tokens. */
  public static ObjectNode describe(ModelConfig config, DType stored) {
    return ConfigWriter.write(config, stored);
  }

  /** Writes one of a directory's JSON files. */
  public static void write(Path file, ObjectNode node) throws IOException {
    Files.write(file, (JSON.writeValueAsString(node) + "\n").getBytes(StandardCharsets.UTF_8));
  }

  private static ObjectNode tokens(ObjectNode root, Tokenizer tokenizer) {
    tokenizer.beginningOfSequence().ifPresent(id -> root.put("bos_token_id", id));
    List<Integer> ends = tokenizer.endOfSequence();
    if (ends.size() == 1) {
      root.put("eos_token_id", ends.getFirst());
    } else if (ends.size() > 1) {
      ArrayNode several = root.putArray("eos_token_id");
      ends.forEach(several::add);
    }
    tokenizer.pad().ifPresent(id -> root.put("pad_token_id", id));
    return root;
  }

  /**
   * The shape of the model in a directory.
   *
   * @throws CheckpointException naming the key of config.json that is missing, wrong or not
   *     supported
   */
  public static ModelConfig config(Path directory) {
    Path file = directory.resolve(CONFIG);
    return ConfigFile.parse(file.toString(), readObject(file));
  }

  /**
   * Loads a model, in one file or in shards, stored as F32, F16 or BF16, or in a GGUF file; see
   * {@link Transformer#create} for what its weights become. Quantised ones are decoded, unless they
   * are not trained and would take more than half of the machine's memory then: the bits are the
   * same.
   *
   * @throws CheckpointException naming the file, and the key or tensor, that is missing, damaged or
   *     not supported
   */
  public static Transformer load(
      Path directory, Backend backend, DType compute, boolean trainable) {
    return load(directory, backend, compute, Optional.empty(), trainable, Optional.empty());
  }

  /**
   * The same with adapters, which are zero, beside weights that are not trained: a GGUF file's
   * quantised weights stay so (QLoRA, Dettmers et al. 2023).
   */
  public static Transformer load(
      Path directory, Backend backend, DType compute, Lora lora, boolean trainable) {
    return load(directory, backend, compute, Optional.of(lora), trainable, Optional.empty());
  }

  /**
   * The same with or without adapters.
   *
   * @param quantize to which type matrices that are not trained are rounded; empty: as above
   */
  public static Transformer load(
      Path directory,
      Backend backend,
      DType compute,
      Optional<Lora> lora,
      boolean trainable,
      Optional<DType> quantize) {
    ModelConfig config = config(directory);
    try (WeightFiles files = WeightFiles.open(directory)) {
      // Before memory is asked for: a config.json may say anything.
      files.requireAll(WeightShapes.of(config), config);
      FrozenTypes frozen = frozen(files, config, compute, lora.isPresent(), quantize);
      Transformer model = Transformer.create(backend, config, compute, lora, trainable, frozen);
      try {
        files.read(model.weights(), config, backend);
        model.weightsChanged();
        return model;
      } catch (RuntimeException e) {
        model.close();
        throw e;
      }
    }
  }

  /**
   * Looks through the headers of a model's weights, and reads none of them.
   *
   * @throws CheckpointException naming the tensors that {@link #load} would miss, or refuse
   */
  public static void requireWeights(Path directory) {
    ModelConfig config = config(directory);
    try (WeightFiles files = WeightFiles.open(directory)) {
      files.requireAll(WeightShapes.of(config), config);
    }
  }

  /**
   * In which types {@link #load} holds a model's weights that are not trained.
   *
   * @param adapted whether there are adapters
   * @param quantize to which type they are rounded; empty: as they are stored
   */
  public static FrozenTypes frozen(
      Path directory, DType compute, boolean adapted, Optional<DType> quantize) {
    ModelConfig config = config(directory);
    try (WeightFiles files = WeightFiles.open(directory)) {
      return frozen(files, config, compute, adapted, quantize);
    }
  }

  private static FrozenTypes frozen(
      WeightFiles files,
      ModelConfig config,
      DType compute,
      boolean adapted,
      Optional<DType> quantize) {
    boolean decoded = !adapted && Machine.holds(config.parameters() * compute.bytes());
    return quantize
        .map(FrozenTypes::all)
        .orElseGet(() -> decoded ? FrozenTypes.NONE : files.quantized(config));
  }

  static JsonNode parse(String json) throws IOException {
    return JSON.readTree(json);
  }

  /** Without what the parser says of itself. */
  private static String firstLine(IOException e) {
    return String.valueOf(e.getMessage())
        .lines()
        .findFirst()
        .orElse("")
        .replaceFirst(" \\(start marker at .*", "");
  }

  static JsonNode readObject(Path file) {
    if (!Files.isRegularFile(file)) {
      throw new CheckpointException(file + ": no such file");
    }
    try {
      JsonNode root = JSON.readTree(Files.readAllBytes(file));
      if (!root.isObject()) {
        throw new CheckpointException(file + ": expected a JSON object, got " + root.getNodeType());
      }
      return root;
    } catch (IOException e) {
      throw new CheckpointException(file + ": not valid JSON: " + firstLine(e), e);
    }
  }
}
