package io.whetstone.checkpoints;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.whetstone.model.LinearModule;
import io.whetstone.model.Lora;
import io.whetstone.model.ModelConfig;
import io.whetstone.model.Transformer;
import io.whetstone.model.WeightShapes;
import io.whetstone.tensor.Backend;
import io.whetstone.tensor.DType;
import io.whetstone.tensor.Tensor;
import io.whetstone.tensor.Workspace;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A directory as PEFT reads and writes it: {@code adapter_config.json} and {@code
 * adapter_model.safetensors}, low-rank adapters of a model that lies elsewhere.
 *
 * <p>Which modules have an adapter is what the tensors' names say; {@code target_modules} is not
 * needed to read one.
 */
public final class PeftAdapter {
  public static final String WEIGHTS = "adapter_model.safetensors";
  public static final String CONFIG = "adapter_config.json";

  /**
   * In the header of {@link #WEIGHTS}: adapter_config.json has no key for it that PEFT lets pass.
   */
  private static final String QUANTIZED = "whetstone.base_quantization";

  private static final Pattern A = Pattern.compile("base_model\\.model\\.(.+)\\.lora_A\\.weight");

  private final Path directory;
  private final Optional<AdaptedModel> base;
  private final Lora lora;
  private final Optional<String> quantized;

  private PeftAdapter(
      Path directory, Optional<AdaptedModel> base, Lora lora, Optional<String> quantized) {
    this.directory = directory;
    this.base = base;
    this.lora = lora;
    this.quantized = quantized;
  }

  /** Whether a directory holds an adapter. */
  public static boolean isAt(Path directory) {
    return Files.isRegularFile(directory.resolve(CONFIG));
  }

  /**
   * Reads what an adapter is, not its tensors.
   *
   * @throws CheckpointException naming the file, and the key or tensor, that is missing, damaged or
   *     not supported
   */
  public static PeftAdapter read(Path directory) {
    Path file = directory.resolve(CONFIG);
    JsonNode root = HuggingFaceModel.readObject(file);
    PeftConfig config = PeftConfig.parse(file.toString(), root);
    Path weights = directory.resolve(WEIGHTS);
    if (!Files.isRegularFile(weights) && Files.exists(directory.resolve("adapter_model.bin"))) {
      throw new CheckpointException(
          directory + ": adapter_model.bin is not read: save the adapter with PEFT again");
    }
    TreeSet<String> modules = new TreeSet<>();
    Optional<String> quantized;
    try (SafetensorsFile stored = SafetensorsFile.open(weights)) {
      for (String name : stored.tensors().keySet()) {
        Matcher matcher = A.matcher(name);
        if (matcher.matches()) {
          modules.add(matcher.group(1));
        }
      }
      quantized = Optional.ofNullable(stored.metadata().get(QUANTIZED));
    }
    if (modules.isEmpty()) {
      throw new CheckpointException(weights + ": holds no lora_A.weight of any module");
    }
    Lora lora =
        new Lora(config.rank(), config.alpha(), config.dropout(), config.rankStabilised(), modules);
    return new PeftAdapter(directory, config.base(), lora, quantized);
  }

  /** The model it belongs to, as its file says. */
  public Optional<AdaptedModel> base() {
    return base;
  }

  public Lora lora() {
    return lora;
  }

  /**
   * The types of the quantised weights that it was trained beside, {@code q4_k, q6_k}; empty where
   * there were none, or where others than Whetstone wrote it.
   */
  public Optional<String> quantized() {
    return quantized;
  }

  /**
   * What there is to know where it lies beside other weights than in its training, in a sentence:
   * its logprobs are then not quite those.
   *
   * @param types of the weights beside it
   */
  public Optional<String> caution(Collection<DType> types) {
    Optional<String> here = named(types);
    return quantized.isEmpty() || quantized.equals(here)
        ? Optional.empty()
        : Optional.of(
            directory
                + ": its adapters were trained beside weights quantised to "
                + quantized.get()
                + "; here they are "
                + here.map(names -> "quantised to " + names).orElse("not quantised")
                + ", so logprobs differ a little");
  }

  private static Optional<String> named(Collection<DType> types) {
    return types.stream()
        .filter(DType::quantized)
        .distinct()
        .sorted()
        .map(type -> type.name().toLowerCase(Locale.ROOT))
        .reduce((some, more) -> some + ", " + more);
  }

  /**
   * Its form for a model.
   *
   * @throws CheckpointException when the model lacks a module that it adapts
   */
  public Lora lora(ModelConfig config) {
    TreeSet<String> missing = new TreeSet<>(lora.modules());
    LinearModule.of(config).forEach(module -> missing.remove(module.name()));
    if (!missing.isEmpty()) {
      throw new CheckpointException(
          directory.resolve(WEIGHTS)
              + ": adapts "
              + missing.first()
              + (missing.size() > 1 ? " and " + (missing.size() - 1) + " more" : "")
              + ", which is no linear module in a block of the base model");
    }
    return lora;
  }

  /** How each of its tensors is stored, by its name. */
  public Function<String, StoredType> types() {
    Map<String, StoredType> types = new HashMap<>();
    try (SafetensorsFile stored = SafetensorsFile.open(directory.resolve(WEIGHTS))) {
      stored.tensors().forEach((name, tensor) -> types.put(name, tensor.type()));
    }
    return name -> types.getOrDefault(name, StoredType.F32);
  }

  /** Reads its tensors into a model made with {@link #lora}. */
  public void load(Transformer model) {
    Safetensors.read(directory.resolve(WEIGHTS), model.trained(), model.backend());
    model.trainedChanged();
  }

  /**
   * Writes a model's adapters, and in which types the weights beside them are quantised.
   *
   * @param tensors by PEFT's names: {@link Transformer#trained}
   * @param types by a tensor's name: F32, F16 or BF16
   * @param base the model they belong to
   */
  public static void save(
      Path directory,
      Transformer model,
      Map<String, Tensor> tensors,
      Function<String, StoredType> types,
      AdaptedModel base)
      throws IOException {
    Lora lora = model.lora().orElseThrow();
    save(
        directory,
        PeftConfig.write(lora, model.config(), base),
        TensorSource.of(tensors),
        types,
        named(model.weights().values().stream().map(Tensor::dtype).toList()),
        model.backend());
  }

  /**
   * Writes this adapter anew; the model that it belongs to is not read.
   *
   * @param config that model's
   * @param weights the file with its tensors, its own or an average of them
   * @param types by a tensor's name: F32, F16 or BF16
   * @param base the model they belong to
   * @throws CheckpointException naming the tensor that is missing, too many or of another shape
   */
  public void rewrite(
      Path to,
      ModelConfig config,
      Path weights,
      Function<String, StoredType> types,
      AdaptedModel base,
      Backend backend)
      throws IOException {
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    try (Workspace memory = backend.workspace("adapters")) {
      WeightShapes.of(lora(config), config)
          .forEach(
              (name, shape) -> {
                int[] extents = shape.extents().stream().mapToInt(e -> e).toArray();
                tensors.put(name, memory.tensor(DType.F32, extents));
              });
      Safetensors.read(weights, tensors, backend);
      save(
          to,
          PeftConfig.write(lora, config, base),
          TensorSource.of(tensors),
          types,
          quantized,
          backend);
    }
  }

  /** The file that holds its tensors. */
  public Path weights() {
    return directory.resolve(WEIGHTS);
  }

  private static void save(
      Path directory,
      ObjectNode config,
      TensorSource tensors,
      Function<String, StoredType> types,
      Optional<String> quantized,
      Backend backend)
      throws IOException {
    Files.createDirectories(directory);
    HuggingFaceModel.write(directory.resolve(CONFIG), config);
    Map<String, String> words =
        quantized.<Map<String, String>>map(text -> Map.of(QUANTIZED, text)).orElse(Map.of());
    Safetensors.write(directory.resolve(WEIGHTS), tensors, types, words, backend);
  }
}
