package io.whetstone.checkpoints.gguf;

import io.whetstone.checkpoints.CheckpointException;
import io.whetstone.model.Architecture;
import io.whetstone.model.Family;
import io.whetstone.model.LayerForm;
import io.whetstone.model.ModelConfig;
import io.whetstone.model.NormPlacement;
import io.whetstone.model.QueryKeyNorm;
import io.whetstone.model.Rope;
import io.whetstone.model.RopeScaling;
import io.whetstone.tensor.Gate;
import io.whetstone.tensor.Heads;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * A GGUF file's metadata as a {@link ModelConfig}; what llama.cpp knows about an architecture and
 * no key says (Gemma's scaled embeddings, which layers have a window) is known here too.
 */
final class GgufConfig {
  /** Of Gemma 2 and 3, the sizes whose queries are scaled by hidden / heads: the 27 B ones. */
  private static final int GEMMA2_27B_LAYERS = 46;

  private static final int GEMMA3_27B_LAYERS = 62;

  /** Of Gemma 3's layers, every sixth sees all. */
  static final int GEMMA3_PERIOD = 6;

  private final GgufFile file;
  private final GgufMetadata metadata;
  private final Family family;
  private final String prefix;

  private GgufConfig(GgufFile file) {
    this.file = file;
    metadata = file.metadata();
    String name = metadata.string("general.architecture");
    family =
        Arrays.stream(Family.values())
            .filter(candidate -> GgufNames.architecture(candidate).equals(name))
            .findFirst()
            .orElseThrow(
                () ->
                    metadata.wrong(
                        "general.architecture",
                        Arrays.stream(Family.values())
                            .map(GgufNames::architecture)
                            .distinct()
                            .collect(Collectors.joining(", "))));
    prefix = name + ".";
  }

  /**
   * @throws CheckpointException naming the key that is missing, wrong or not supported
   */
  static ModelConfig read(GgufFile file) {
    GgufConfig config = new GgufConfig(file);
    try {
      return config.read();
    } catch (IllegalArgumentException e) {
      throw new CheckpointException(file.path() + ": " + e.getMessage(), e);
    }
  }

  private ModelConfig read() {
    refuseUnsupported();
    int hidden = positive("embedding_length");
    int layers = positive("block_count");
    if (layers > ModelConfig.MOST_LAYERS) {
      throw metadata.wrong(prefix + "block_count", "at most " + ModelConfig.MOST_LAYERS);
    }
    int queries = positive("attention.head_count");
    int keyValues = metadata.count(prefix + "attention.head_count_kv", queries);
    int size = metadata.count(prefix + "attention.key_length", hidden / queries);
    require("attention.value_length", size, "attention.key_length");
    require("rope.dimension_count", size, "the head size");
    Heads heads = new Heads(queries, keyValues, size);
    List<LayerForm> forms = layers(layers, size);
    return new ModelConfig(
        architecture(hidden, heads, layers),
        vocabulary(),
        hidden,
        heads,
        positive("feed_forward_length"),
        gemma() ? Gate.GELU_TANH : Gate.SILU,
        (float) metadata.number(prefix + "attention.layer_norm_rms_epsilon"),
        !file.tensors().containsKey(GgufNames.OUTPUT),
        Math.min(positive("context_length"), LayerForm.reach(forms)),
        forms);
  }

  private boolean gemma() {
    return family == Family.GEMMA2 || family == Family.GEMMA3;
  }

  private int positive(String key) {
    if (metadata.isArray(prefix + key) || metadata.count(prefix + key) < 1) {
      throw metadata.wrong(prefix + key, "one count ≥ 1 for all layers");
    }
    return metadata.count(prefix + key);
  }

  private void require(String key, int expected, String what) {
    if (metadata.count(prefix + key, expected) != expected) {
      throw metadata.wrong(prefix + key, what + ", " + expected);
    }
  }

  private void refuseUnsupported() {
    if (metadata.count("split.count", 1) > 1) {
      throw metadata.wrong(
          "split.count", "the whole model in one file (llama-gguf-split --merge makes it)");
    }
    if (metadata.count(prefix + "expert_count", 0) > 0) {
      throw metadata.wrong(prefix + "expert_count", "none: a dense model");
    }
  }

  /** The table has as many rows as there are ids. */
  private int vocabulary() {
    return Math.toIntExact(file.tensor(GgufNames.EMBEDDING).shape().getFirst());
  }

  private Architecture architecture(int hidden, Heads heads, int layers) {
    return new Architecture(
        family,
        gemma()
            ? NormPlacement.AROUND
            : family == Family.OLMO2 ? NormPlacement.AFTER : NormPlacement.BEFORE,
        gemma() ? 1 : 0,
        switch (family) {
          case QWEN3, GEMMA3 -> QueryKeyNorm.HEAD;
          case OLMO2 -> QueryKeyNorm.PROJECTION;
          default -> QueryKeyNorm.NONE;
        },
        file.tensors().containsKey("blk.0.attn_q.bias"),
        file.tensors().containsKey("blk.0.attn_output.bias"),
        large(family, layers) ? (double) hidden / heads.queries() : heads.size(),
        family == Family.GEMMA2 ? cap("attn_logit_softcapping", 50) : 0,
        gemma() ? cap("final_logit_softcapping", family == Family.GEMMA2 ? 30 : 0) : 0,
        gemma() ? (float) Math.sqrt(hidden) : 1);
  }

  /** Whether queries are scaled by hidden / heads in place of the head size. */
  static boolean large(Family family, int layers) {
    return family == Family.GEMMA2 && layers == GEMMA2_27B_LAYERS
        || family == Family.GEMMA3 && layers == GEMMA3_27B_LAYERS;
  }

  /** SmolLM3's every fourth layer has no positions. */
  static boolean rotates(Family family, int layer) {
    return family != Family.SMOLLM3 || (layer + 1) % 4 != 0;
  }

  private float cap(String key, double missing) {
    return (float) metadata.number(prefix + key, missing);
  }

  private List<LayerForm> layers(int count, int size) {
    Rope full = new Rope(metadata.number(prefix + "rope.freq_base", 10_000), scaling(size));
    Rope local =
        family == Family.GEMMA3
            ? Rope.of(metadata.number(prefix + "rope.freq_base_swa", 10_000))
            : full;
    int window = gemma() ? metadata.count(prefix + "attention.sliding_window", 0) : 0;
    int period = family == Family.GEMMA2 ? 2 : GEMMA3_PERIOD;
    if (!metadata.isArray(prefix + "attention.sliding_window_pattern")) {
      period = metadata.count(prefix + "attention.sliding_window_pattern", period);
      if (period < 1) {
        throw metadata.wrong(prefix + "attention.sliding_window_pattern", "a count ≥ 1");
      }
    }
    List<LayerForm> forms = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      boolean slides = window > 0 && i % period != period - 1;
      Optional<Rope> rope =
          rotates(family, i) ? Optional.of(slides ? local : full) : Optional.empty();
      forms.add(new LayerForm(slides ? window : 0, rope));
    }
    return forms;
  }

  /** What each frequency is divided by. */
  private List<Double> factors(String tensor, int size) {
    if (file.tensor(tensor).size() != size / 2) {
      throw new CheckpointException(
          file.path() + ": tensor " + tensor + ": expected " + size / 2 + " numbers");
    }
    List<Double> factors = new ArrayList<>();
    for (float factor : file.floats(tensor)) {
      factors.add((double) factor);
    }
    return factors;
  }

  private RopeScaling scaling(int size) {
    String scaling = prefix + "rope.scaling.";
    if (file.tensors().containsKey(GgufNames.SHORT_FACTORS)) {
      return new RopeScaling.LongRope(
          factors(GgufNames.SHORT_FACTORS, size),
          factors(GgufNames.LONG_FACTORS, size),
          metadata.count(scaling + "original_context_length"),
          (float) metadata.number(scaling + "attn_factor", 1));
    }
    if (file.tensors().containsKey(GgufNames.ROPE_FACTORS)) {
      double theta = metadata.number(prefix + "rope.freq_base", 10_000);
      return RopeFactors.recover(file, theta, size);
    }
    double factor = metadata.number(scaling + "factor", 1);
    String type = metadata.string(scaling + "type", factor == 1 ? "none" : "linear");
    return switch (type) {
      case "none" -> new RopeScaling.None();
      case "linear" -> factor == 1 ? new RopeScaling.None() : new RopeScaling.Linear(factor);
      case "yarn" ->
          new RopeScaling.Yarn(
              factor,
              metadata.number(scaling + "yarn_beta_fast", 32),
              metadata.number(scaling + "yarn_beta_slow", 1),
              metadata.count(scaling + "original_context_length"),
              true,
              (float)
                  (metadata.number(scaling + "attn_factor", 1) * RopeFactors.magnitude(factor)));
      default -> throw metadata.wrong(scaling + "type", "none, linear or yarn");
    };
  }
}
