package io.whetstone.checkpoints.gguf;

import io.whetstone.model.Family;
import io.whetstone.model.ModelConfig;
import io.whetstone.model.NormPlacement;

/** How llama.cpp names the weights of a model, and what it stores differently. */
final class GgufNames {
  static final String ROPE_FACTORS = "rope_freqs.weight";
  static final String SHORT_FACTORS = "rope_factors_short.weight";
  static final String LONG_FACTORS = "rope_factors_long.weight";
  static final String OUTPUT = "output.weight";
  static final String EMBEDDING = "token_embd.weight";
  private static final String LAYER = "model.layers.";

  private final ModelConfig config;

  GgufNames(ModelConfig config) {
    this.config = config;
  }

  /** The architecture's name, which metadata keys begin with. */
  static String architecture(Family family) {
    return switch (family) {
      case LLAMA, MISTRAL -> "llama";
      case QWEN2 -> "qwen2";
      case QWEN3 -> "qwen3";
      case GEMMA2 -> "gemma2";
      case GEMMA3 -> "gemma3";
      case PHI3 -> "phi3";
      case OLMO2 -> "olmo2";
      case SMOLLM3 -> "smollm3";
    };
  }

  /** The name of a weight that Hugging Face calls {@code name}. */
  String of(String name) {
    if (!name.startsWith(LAYER)) {
      return switch (name) {
        case "model.embed_tokens.weight" -> EMBEDDING;
        case "model.norm.weight" -> "output_norm.weight";
        case "lm_head.weight" -> OUTPUT;
        default -> throw new IllegalArgumentException("no name in GGUF files for " + name);
      };
    }
    int dot = name.indexOf('.', LAYER.length());
    int kind = name.lastIndexOf('.');
    String block = "blk." + name.substring(LAYER.length(), dot) + ".";
    return block + inLayer(name.substring(dot + 1, kind)) + name.substring(kind);
  }

  private String inLayer(String name) {
    boolean before = config.architecture().norms() == NormPlacement.BEFORE;
    return switch (name) {
      case "input_layernorm" -> "attn_norm";
      case "self_attn.q_proj" -> "attn_q";
      case "self_attn.k_proj" -> "attn_k";
      case "self_attn.v_proj" -> "attn_v";
      case "self_attn.qkv_proj" -> "attn_qkv";
      case "self_attn.o_proj" -> "attn_output";
      case "self_attn.q_norm" -> "attn_q_norm";
      case "self_attn.k_norm" -> "attn_k_norm";
      case "post_attention_layernorm" -> before ? "ffn_norm" : "post_attention_norm";
      case "pre_feedforward_layernorm" -> "ffn_norm";
      case "post_feedforward_layernorm" -> "post_ffw_norm";
      case "mlp.gate_proj" -> "ffn_gate";
      case "mlp.up_proj", "mlp.gate_up_proj" -> "ffn_up";
      case "mlp.down_proj" -> "ffn_down";
      default -> throw new IllegalArgumentException("no name in GGUF files for " + name);
    };
  }

  /** What norms are stored with on top. */
  float added(String name) {
    return name.endsWith("norm.weight") ? config.architecture().normOffset() : 0;
  }

  /**
   * The row of Hugging Face's weight or bias that the file's row {@code row} is. Llama's queries
   * and keys are stored for rotations of neighbours (2i, 2i + 1) where Hugging Face's rotate (i, i
   * + size/2).
   */
  int row(String name, int row) {
    boolean neighbours =
        switch (config.architecture().family()) {
          case LLAMA, MISTRAL, SMOLLM3 -> name.contains(".q_proj.") || name.contains(".k_proj.");
          default -> false;
        };
    if (!neighbours) {
      return row;
    }
    int size = config.heads().size();
    int within = row % size;
    return row - within + within % 2 * (size / 2) + within / 2;
  }

  /** Whether {@link #row} is not always the row itself. */
  boolean permutes(String name) {
    return row(name, 1) != 1;
  }
}
