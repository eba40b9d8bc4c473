package io.whetstone.checkpoints;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.whetstone.model.LinearModule;
import io.whetstone.model.Lora;
import io.whetstone.model.ModelConfig;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * {@code adapter_config.json}: what is plain LoRA is read, all else is refused by its key's name
 * unless it is off.
 */
record PeftConfig(
    Optional<AdaptedModel> base, int rank, double alpha, double dropout, boolean rankStabilised) {
  /** Keys that say something else, or nothing, of what an adapter computes. */
  private static final Set<String> WITHOUT_EFFECT =
      Set.of(
          "auto_mapping",
          "base_model_name_or_path",
          "ensure_weight_tying",
          "exclude_modules",
          "inference_mode",
          "layers_pattern",
          "layers_to_transform",
          "loftq_config",
          "eva_config",
          "megatron_core",
          "peft_version",
          "qalora_group_size",
          "revision",
          "runtime_config",
          "target_modules");

  /** Keys that are read, or that have one value which is. */
  private static final Set<String> KNOWN =
      Set.of(
          "peft_type",
          "task_type",
          "r",
          "lora_alpha",
          "lora_dropout",
          "use_rslora",
          "bias",
          "init_lora_weights");

  /** Ways to start that leave the base model's weights as they are. */
  private static final Set<String> STARTS =
      Set.of("true", "false", "gaussian", "orthogonal", "eva");

  /**
   * @throws CheckpointException naming the key that is missing, wrong or not supported
   */
  static PeftConfig parse(String file, JsonNode root) {
    require(file, root, "peft_type", "LORA");
    if (root.hasNonNull("task_type")) {
      require(file, root, "task_type", "CAUSAL_LM");
    }
    if (root.hasNonNull("bias")) {
      require(file, root, "bias", "none");
    }
    String start = root.path("init_lora_weights").asText("true");
    if (!STARTS.contains(start)) {
      throw new CheckpointException(
          file
              + ": init_lora_weights: \""
              + start
              + "\" changes the base model's weights, which is not supported");
    }
    for (Map.Entry<String, JsonNode> entry : root.properties()) {
      String key = entry.getKey();
      if (!KNOWN.contains(key) && !WITHOUT_EFFECT.contains(key) && !isOff(entry.getValue())) {
        throw new CheckpointException(
            file + ": " + key + ": " + entry.getValue() + " is not supported");
      }
    }
    JsonNode rank = root.path("r");
    if (!rank.canConvertToInt() || rank.intValue() < 1) {
      throw new CheckpointException(file + ": r: " + rank + " is not a whole number ≥ 1");
    }
    double alpha = number(file, root, "lora_alpha", 8);
    double dropout = number(file, root, "lora_dropout", 0);
    if (!(alpha > 0) || !(dropout >= 0 && dropout < 1)) {
      throw new CheckpointException(
          file
              + ": lora_alpha "
              + alpha
              + " and lora_dropout "
              + dropout
              + ": expected a number > 0 and one in [0, 1)");
    }
    String base = root.path("base_model_name_or_path").asText("");
    String revision = root.path("revision").asText("");
    return new PeftConfig(
        named(base).map(name -> new AdaptedModel(name, named(revision))),
        rank.intValue(),
        alpha,
        dropout,
        root.path("use_rslora").asBoolean(false));
  }

  private static Optional<String> named(String text) {
    return Optional.of(text).filter(name -> !name.isBlank() && !name.equals("null"));
  }

  private static double number(String file, JsonNode root, String key, double otherwise) {
    JsonNode node = root.path(key);
    if (node.isMissingNode()) {
      return otherwise;
    }
    if (!node.isNumber()) {
      throw new CheckpointException(file + ": " + key + ": " + node + " is not a number");
    }
    return node.doubleValue();
  }

  private static void require(String file, JsonNode root, String key, String expected) {
    if (!root.path(key).asText("").equals(expected)) {
      throw new CheckpointException(
          file + ": " + key + ": " + root.path(key) + " is not supported; " + expected + " is");
    }
  }

  private static boolean isOff(JsonNode value) {
    return value.isNull()
        || value.isBoolean() && !value.booleanValue()
        || value.isContainerNode() && value.isEmpty()
        || value.isTextual() && value.textValue().isEmpty();
  }

  /** What PEFT reads back as the same adapters. */
  static ObjectNode write(Lora lora, ModelConfig config, AdaptedModel base) {
    ObjectNode root = JsonNodeFactory.instance.objectNode();
    root.put("peft_type", "LORA");
    root.put("task_type", "CAUSAL_LM");
    root.put("base_model_name_or_path", base.name());
    base.revision().ifPresent(revision -> root.put("revision", revision));
    root.put("r", lora.rank());
    if (lora.alpha() == Math.rint(lora.alpha())) {
      root.put("lora_alpha", (long) lora.alpha());
    } else {
      root.put("lora_alpha", lora.alpha());
    }
    root.put("lora_dropout", lora.dropout());
    root.put("use_rslora", lora.rankStabilised());
    ArrayNode targets = root.putArray("target_modules");
    targets(lora, config).forEach(targets::add);
    root.put("bias", "none");
    root.put("fan_in_fan_out", false);
    root.put("inference_mode", true);
    root.put("init_lora_weights", true);
    root.putNull("modules_to_save");
    return root;
  }

  /** The last parts of the names where they tell the modules from the others, else full names. */
  private static Set<String> targets(Lora lora, ModelConfig config) {
    Set<String> last = new TreeSet<>();
    lora.modules().forEach(name -> last.add(last(name)));
    List<LinearModule> meant =
        LinearModule.of(config).stream().filter(m -> last.contains(last(m.name()))).toList();
    return meant.size() == lora.modules().size() ? last : new TreeSet<>(lora.modules());
  }

  private static String last(String name) {
    return name.substring(name.lastIndexOf('.') + 1);
  }
}
