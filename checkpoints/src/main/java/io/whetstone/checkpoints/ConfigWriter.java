package io.whetstone.checkpoints;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.whetstone.model.Architecture;
import io.whetstone.model.Family;
import io.whetstone.model.LayerForm;
import io.whetstone.model.ModelConfig;
import io.whetstone.model.Rope;
import io.whetstone.tensor.DType;
import java.util.List;
import java.util.Objects;

/** Writes a {@link ModelConfig} as its family's {@code config.json}, in both spellings of RoPE. */
final class ConfigWriter {
  private final ModelConfig config;
  private final Architecture architecture;
  private final Family family;
  private final ObjectNode root = JsonNodeFactory.instance.objectNode();

  private ConfigWriter(ModelConfig config) {
    this.config = config;
    this.architecture = config.architecture();
    this.family = architecture.family();
  }

  /**
   * @param stored the type of the weights beside it
   */
  static ObjectNode write(ModelConfig config, DType stored) {
    return new ConfigWriter(config).write(stored);
  }

  private ObjectNode write(DType stored) {
    boolean gemma = family == Family.GEMMA2 || family == Family.GEMMA3;
    root.putArray("architectures").add(ConfigFile.model(family) + "ForCausalLM");
    root.put("model_type", ConfigFile.type(family));
    root.put("vocab_size", config.vocabulary());
    root.put("hidden_size", config.hidden());
    root.put("intermediate_size", config.feedForward());
    root.put("num_hidden_layers", config.layers());
    root.put("num_attention_heads", config.heads().queries());
    root.put("num_key_value_heads", config.heads().keyValues());
    root.put("head_dim", config.heads().size());
    root.put(gemma ? "hidden_activation" : "hidden_act", ConfigFile.name(config.gate()));
    root.put("rms_norm_eps", RopeKeys.decimal(config.epsilon()));
    root.put("max_position_embeddings", config.maxPositions());
    root.put("tie_word_embeddings", config.tiedEmbeddings());
    rope();
    root.put("attention_dropout", 0.0);
    layers();
    switch (family) {
      case LLAMA, SMOLLM3 -> {
        root.put("attention_bias", architecture.attentionOutBias());
        root.put("mlp_bias", false);
      }
      case QWEN3, OLMO2 -> root.put("attention_bias", architecture.attentionOutBias());
      case GEMMA2, GEMMA3 -> {
        root.put("attention_bias", architecture.attentionOutBias());
        number("query_pre_attn_scalar", architecture.attentionScalar());
        cap("attn_logit_softcapping", architecture.attentionSoftCap());
        cap("final_logit_softcapping", architecture.logitSoftCap());
      }
      case QWEN2, MISTRAL, PHI3 -> {}
    }
    String type = stored == DType.BF16 ? "bfloat16" : "float32";
    root.put("torch_dtype", type);
    root.put("dtype", type);
    root.put("use_cache", true);
    if (family != Family.LLAMA && family != Family.QWEN2) {
      // A key that is missing has the default of the family's first model, whose vocabulary is
      // another one; the tokenizer's ids take the place of these.
      for (String key : List.of("bos_token_id", "eos_token_id", "pad_token_id")) {
        root.putNull(key);
      }
    }
    return root;
  }

  private void rope() {
    Rope full = rope(false);
    if (family != Family.GEMMA3) {
      RopeKeys.write(root, full == null ? rope(true) : full);
      return;
    }
    Rope global = full == null ? Rope.of(1e6) : full;
    Rope local = rope(true) == null ? Rope.of(10_000) : rope(true);
    RopeKeys.write(root, global);
    root.put("rope_local_base_freq", local.theta());
    ObjectNode kinds = root.putObject("rope_parameters");
    RopeKeys.parameters(kinds.putObject(LayerKeys.FULL), global);
    RopeKeys.parameters(kinds.putObject(LayerKeys.SLIDING), local);
  }

  /** The first of the layers with or without a window; null where there is none. */
  private Rope rope(boolean windowed) {
    return config.layerForms().stream()
        .filter(form -> form.window() > 0 == windowed)
        .map(form -> form.rope().orElse(null))
        .filter(Objects::nonNull)
        .findFirst()
        .orElse(null);
  }

  private void layers() {
    int window = config.layerForms().stream().mapToInt(LayerForm::window).max().orElseThrow();
    switch (family) {
      case LLAMA, OLMO2 -> {}
      case MISTRAL, PHI3 -> window(window);
      case QWEN2, QWEN3 -> {
        root.put("use_sliding_window", window > 0);
        window(window);
        if (window > 0) {
          types();
        }
      }
      case GEMMA2, GEMMA3 -> {
        window(window);
        types();
      }
      case SMOLLM3 -> {
        root.put("use_sliding_window", window > 0);
        window(window);
        types();
        ArrayNode rotated = root.putArray("no_rope_layers");
        config.layerForms().forEach(form -> rotated.add(form.rope().isPresent() ? 1 : 0));
      }
    }
  }

  private void window(int window) {
    if (window > 0) {
      root.put("sliding_window", window);
    } else {
      root.putNull("sliding_window");
    }
  }

  private void types() {
    ArrayNode types = root.putArray("layer_types");
    config
        .layerForms()
        .forEach(form -> types.add(form.window() > 0 ? LayerKeys.SLIDING : LayerKeys.FULL));
  }

  private void cap(String key, float cap) {
    if (cap == 0) {
      root.putNull(key);
    } else {
      root.put(key, RopeKeys.decimal(cap));
    }
  }

  /** As a whole number where it is one: transformers insists on it. */
  private void number(String key, double value) {
    if (value == Math.rint(value)) {
      root.put(key, (long) value);
    } else {
      root.put(key, value);
    }
  }
}
