package io.whetstone.checkpoints;

import com.fasterxml.jackson.databind.JsonNode;
import io.whetstone.model.ModelConfig;
import io.whetstone.tensor.Gate;
import io.whetstone.tensor.Heads;
import java.util.List;
import java.util.Set;

/**
 * Reads a Hugging Face {@code config.json} as a {@link ModelConfig}, and refuses, by the key, what
 * this model would compute differently. A key that is missing has transformers' default.
 */
final class ConfigFile {
  private final String file;
  private final JsonNode root;

  private ConfigFile(String file, JsonNode root) {
    this.file = file;
    this.root = root;
  }

  /**
   * @param file named in errors
   * @throws CheckpointException naming the key that is missing, wrong or not supported
   */
  static ModelConfig parse(String file, JsonNode root) {
    return new ConfigFile(file, root).parse();
  }

  private ModelConfig parse() {
    String type = root.path("model_type").asText("missing");
    if (!Set.of("llama", "qwen2").contains(type)) {
      throw unsupported("model_type", type, "llama and qwen2 are supported");
    }
    boolean qwen = type.equals("qwen2");
    refuseUnsupported(qwen);
    int hidden = count("hidden_size");
    int queries = count("num_attention_heads");
    try {
      return new ModelConfig(
          count("vocab_size"),
          hidden,
          count("num_hidden_layers"),
          new Heads(
              queries,
              present("num_key_value_heads") ? count("num_key_value_heads") : queries,
              present("head_dim") ? count("head_dim") : hidden / queries),
          count("intermediate_size"),
          gate(),
          ropeTheta(),
          (float) number(root, "rms_norm_eps", 1e-6),
          flag("tie_word_embeddings"),
          qwen,
          present("max_position_embeddings")
              ? count("max_position_embeddings")
              : qwen ? 32_768 : 2_048);
    } catch (IllegalArgumentException e) {
      throw new CheckpointException(file + ": " + e.getMessage(), e);
    }
  }

  private void refuseUnsupported(boolean qwen) {
    for (String key : List.of("num_experts", "num_local_experts", "quantization_config")) {
      if (present(key)) {
        throw unsupported(key, root.get(key), "only dense models in F32, F16 or BF16 are");
      }
    }
    if (present("auto_map")) {
      throw unsupported("auto_map", root.get("auto_map"), "code that a model brings is not run");
    }
    for (String key : List.of("attention_bias", "mlp_bias")) {
      if (!qwen && flag(key)) {
        throw unsupported(key, true, "a llama model has no biases here");
      }
    }
    if (flag("use_sliding_window")) {
      throw unsupported("use_sliding_window", true, "every layer must see the whole context");
    }
    if (!qwen && present("sliding_window")) {
      throw unsupported("sliding_window", root.get("sliding_window"), "expected null");
    }
    for (JsonNode layer : root.path("layer_types")) {
      if (!layer.asText().equals("full_attention")) {
        throw unsupported("layer_types", layer, "every layer must be \"full_attention\"");
      }
    }
    if (number(root, "partial_rotary_factor", 1) != 1) {
      throw unsupported("partial_rotary_factor", root.get("partial_rotary_factor"), "expected 1");
    }
    refuseScaling("rope_scaling");
    refuseScaling("rope_parameters");
  }

  /** Older files say {@code type}, newer ones {@code rope_type}; absent means not scaled. */
  private void refuseScaling(String key) {
    if (!present(key)) {
      return;
    }
    JsonNode rope = root.get(key);
    String type = rope.path("rope_type").asText(rope.path("type").asText("default"));
    if (!rope.isObject()
        || !type.equals("default")
        || number(rope, "partial_rotary_factor", 1) != 1
        || number(rope, "factor", 1) != 1) {
      throw unsupported(key, rope, "only unscaled rotary positions are");
    }
  }

  private Gate gate() {
    String name = root.path("hidden_act").asText("silu");
    return switch (name) {
      case "silu", "swish" -> Gate.SILU;
      case "gelu_pytorch_tanh", "gelu_new" -> Gate.GELU_TANH;
      default -> throw unsupported("hidden_act", name, "silu and gelu_pytorch_tanh are supported");
    };
  }

  static String name(Gate gate) {
    return switch (gate) {
      case SILU -> "silu";
      case GELU_TANH -> "gelu_pytorch_tanh";
    };
  }

  /** transformers 5 keeps it in {@code rope_parameters}, older ones at the top. */
  private double ropeTheta() {
    JsonNode nested = root.path("rope_parameters");
    return number(nested.has("rope_theta") ? nested : root, "rope_theta", 10_000);
  }

  private boolean present(String key) {
    return root.hasNonNull(key);
  }

  private int count(String key) {
    JsonNode node = root.path(key);
    if (!node.isInt() || node.intValue() < 1) {
      throw new CheckpointException(
          file + ": " + key + ": expected a count ≥ 1, got " + (present(key) ? node : "nothing"));
    }
    return node.intValue();
  }

  private double number(JsonNode parent, String key, double missing) {
    if (!parent.hasNonNull(key)) {
      return missing;
    }
    if (!parent.get(key).isNumber()) {
      throw new CheckpointException(
          file + ": " + key + ": expected a number, got " + parent.get(key));
    }
    return parent.get(key).doubleValue();
  }

  private boolean flag(String key) {
    if (present(key) && !root.get(key).isBoolean()) {
      throw new CheckpointException(
          file + ": " + key + ": expected true or false, got " + root.get(key));
    }
    return root.path(key).booleanValue();
  }

  private CheckpointException unsupported(String key, Object got, String expected) {
    return new CheckpointException(
        file + ": " + key + ": " + got + " is not supported: " + expected);
  }
}
