package io.whetstone.checkpoints;

import com.fasterxml.jackson.databind.JsonNode;
import io.whetstone.model.Architecture;
import io.whetstone.model.Family;
import io.whetstone.model.LayerForm;
import io.whetstone.model.ModelConfig;
import io.whetstone.model.NormPlacement;
import io.whetstone.model.QueryKeyNorm;
import io.whetstone.tensor.Gate;
import io.whetstone.tensor.Heads;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Reads a Hugging Face {@code config.json} as a {@link ModelConfig}, and refuses, by the key, what
 * this model would compute differently. A key that is missing has transformers' default.
 */
final class ConfigFile {
  private static final String CAUSAL = "a token sees only those before it here";

  private final String file;
  private final ConfigKeys root;

  private ConfigFile(String file, ConfigKeys root) {
    this.file = file;
    this.root = root;
  }

  /**
   * @param file named in errors
   * @throws CheckpointException naming the key that is missing, wrong or not supported
   */
  static ModelConfig parse(String file, JsonNode root) {
    return new ConfigFile(file, new ConfigKeys(file, root)).parse();
  }

  /** The family's {@code model_type}. */
  static String type(Family family) {
    return switch (family) {
      case LLAMA -> "llama";
      case QWEN2 -> "qwen2";
      case QWEN3 -> "qwen3";
      case MISTRAL -> "mistral";
      case GEMMA2 -> "gemma2";
      case GEMMA3 -> "gemma3_text";
      case PHI3 -> "phi3";
      case OLMO2 -> "olmo2";
      case SMOLLM3 -> "smollm3";
    };
  }

  /** What the names of transformers' classes begin with. */
  static String model(Family family) {
    return switch (family) {
      case LLAMA -> "Llama";
      case QWEN2 -> "Qwen2";
      case QWEN3 -> "Qwen3";
      case MISTRAL -> "Mistral";
      case GEMMA2 -> "Gemma2";
      case GEMMA3 -> "Gemma3";
      case PHI3 -> "Phi3";
      case OLMO2 -> "Olmo2";
      case SMOLLM3 -> "SmolLM3";
    };
  }

  private ModelConfig parse() {
    Family family = family();
    refuseUnsupported(family);
    boolean gemma = family == Family.GEMMA2 || family == Family.GEMMA3;
    int hidden = root.count("hidden_size");
    int queries = root.count("num_attention_heads");
    int depth = root.count("num_hidden_layers");
    if (depth > ModelConfig.MOST_LAYERS) {
      throw root.wrong("num_hidden_layers", "at most " + ModelConfig.MOST_LAYERS);
    }
    LayerKeys layers = new LayerKeys(family, root, depth);
    try {
      layers.requireKnownTypes();
      int positions = root.count("max_position_embeddings", positions(family));
      List<LayerForm> forms = layers.read(positions);
      Heads heads =
          new Heads(
              queries,
              root.count(
                  "num_key_value_heads",
                  root.mentioned("num_key_value_heads") ? queries : keyValues(family, queries)),
              root.count("head_dim", headSize(family, hidden, queries)));
      return new ModelConfig(
          architecture(family, hidden, heads),
          root.count("vocab_size"),
          hidden,
          heads,
          root.count("intermediate_size"),
          gate(gemma),
          (float)
              root.number(
                  "rms_norm_eps", family == Family.OLMO2 || family == Family.PHI3 ? 1e-5 : 1e-6),
          root.flag("tie_word_embeddings", gemma || family == Family.SMOLLM3),
          Math.min(positions, LayerForm.reach(forms)),
          forms);
    } catch (IllegalArgumentException e) {
      throw new CheckpointException(file + ": " + e.getMessage(), e);
    }
  }

  private Family family() {
    String type = root.node("model_type").asText("missing");
    return Arrays.stream(Family.values())
        .filter(family -> type(family).equals(type))
        .findFirst()
        .orElseThrow(
            () ->
                root.unsupported(
                    "model_type",
                    type,
                    Arrays.stream(Family.values())
                            .map(ConfigFile::type)
                            .collect(Collectors.joining(", "))
                        + " are supported"));
  }

  private Architecture architecture(Family family, int hidden, Heads heads) {
    boolean gemma = family == Family.GEMMA2 || family == Family.GEMMA3;
    boolean biases = root.flag("attention_bias");
    return new Architecture(
        family,
        gemma
            ? NormPlacement.AROUND
            : family == Family.OLMO2 ? NormPlacement.AFTER : NormPlacement.BEFORE,
        gemma ? 1 : 0,
        switch (family) {
          case QWEN3, GEMMA3 -> QueryKeyNorm.HEAD;
          case OLMO2 -> QueryKeyNorm.PROJECTION;
          default -> QueryKeyNorm.NONE;
        },
        family == Family.QWEN2 || biases,
        family != Family.QWEN2 && biases,
        gemma ? root.number("query_pre_attn_scalar", 256) : heads.size(),
        family == Family.GEMMA2 ? cap("attn_logit_softcapping", 50) : 0,
        gemma ? cap("final_logit_softcapping", family == Family.GEMMA2 ? 30 : 0) : 0,
        gemma ? (float) Math.sqrt(hidden) : 1);
  }

  /** A null says there is none; a key that is missing has its family's default. */
  private float cap(String key, double missing) {
    boolean none = root.mentioned(key) && !root.present(key);
    return none ? 0 : (float) root.number(key, missing);
  }

  private void refuseUnsupported(Family family) {
    for (String key : List.of("num_experts", "num_local_experts", "quantization_config")) {
      if (root.present(key)) {
        throw root.unsupported(key, root.node(key), "only dense models in F32, F16 or BF16 are");
      }
    }
    for (JsonNode code : root.node("auto_map")) {
      // Published Phi-3s name the code that became transformers' own.
      String name = code.asText();
      if (!name.substring(name.lastIndexOf('.') + 1).startsWith(model(family))) {
        throw root.unsupported(
            "auto_map", root.node("auto_map"), "code that a model brings is not run");
      }
    }
    if (root.flag("mlp_bias")) {
      throw root.unsupported("mlp_bias", true, "the feed-forward has no biases here");
    }
    boolean hasBiases =
        switch (family) {
          case MISTRAL, PHI3 -> false;
          default -> true;
        };
    if (!hasBiases && root.flag("attention_bias")) {
      throw root.unsupported(
          "attention_bias", true, "a " + type(family) + " model has no such key");
    }
    if (root.flag("use_bidirectional_attention")) {
      throw root.unsupported("use_bidirectional_attention", true, CAUSAL);
    }
    if (!root.flag("is_causal", true)) {
      throw root.unsupported("is_causal", false, CAUSAL);
    }
    if (family == Family.GEMMA3 && root.present("attn_logit_softcapping")) {
      throw root.unsupported(
          "attn_logit_softcapping", root.node("attn_logit_softcapping"), "expected null");
    }
  }

  private static int keyValues(Family family, int queries) {
    return switch (family) {
      case MISTRAL -> 8;
      case GEMMA2, GEMMA3, SMOLLM3 -> 4;
      case QWEN2, QWEN3 -> 32;
      case LLAMA, PHI3, OLMO2 -> queries;
    };
  }

  private static int headSize(Family family, int hidden, int queries) {
    return switch (family) {
      case QWEN3 -> 128;
      case GEMMA2, GEMMA3 -> 256;
      default -> hidden / queries;
    };
  }

  private static int positions(Family family) {
    return switch (family) {
      case LLAMA, OLMO2 -> 2_048;
      case PHI3 -> 4_096;
      case GEMMA2 -> 8_192;
      case QWEN2, QWEN3, SMOLLM3 -> 32_768;
      case MISTRAL, GEMMA3 -> 131_072;
    };
  }

  private Gate gate(boolean gemma) {
    String key = gemma ? "hidden_activation" : "hidden_act";
    String name = root.node(key).asText(gemma ? "gelu_pytorch_tanh" : "silu");
    return switch (name) {
      case "silu", "swish" -> Gate.SILU;
      case "gelu_pytorch_tanh", "gelu_new" -> Gate.GELU_TANH;
      default -> throw root.unsupported(key, name, "silu and gelu_pytorch_tanh are supported");
    };
  }

  static String name(Gate gate) {
    return switch (gate) {
      case SILU -> "silu";
      case GELU_TANH -> "gelu_pytorch_tanh";
    };
  }
}
