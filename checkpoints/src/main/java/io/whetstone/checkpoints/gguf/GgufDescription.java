package io.whetstone.checkpoints.gguf;

import io.whetstone.model.Architecture;
import io.whetstone.model.Family;
import io.whetstone.model.LayerForm;
import io.whetstone.model.ModelConfig;
import io.whetstone.model.Rope;
import io.whetstone.model.RopeScaling;
import io.whetstone.tensor.Gate;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * A {@link ModelConfig} as a GGUF file's metadata, as far as llama.cpp computes the same; else it
 * is refused, saying what llama.cpp does not have.
 */
final class GgufDescription {
  private final ModelConfig config;
  private final Architecture architecture;
  private final Family family;
  private final String prefix;

  GgufDescription(ModelConfig config) {
    this.config = config;
    architecture = config.architecture();
    family = architecture.family();
    prefix = GgufNames.architecture(family) + ".";
  }

  /**
   * Adds the keys, and the tensor of rotary factors where there is one.
   *
   * @throws IllegalArgumentException naming what llama.cpp would compute differently
   */
  void write(GgufWriter to) {
    requireSame();
    int size = config.heads().size();
    to.string("general.architecture", GgufNames.architecture(family));
    to.count(prefix + "context_length", context());
    to.count(prefix + "embedding_length", config.hidden());
    to.count(prefix + "block_count", config.layers());
    to.count(prefix + "feed_forward_length", config.feedForward());
    to.count(prefix + "attention.head_count", config.heads().queries());
    to.count(prefix + "attention.head_count_kv", config.heads().keyValues());
    to.count(prefix + "attention.key_length", size);
    to.count(prefix + "attention.value_length", size);
    to.number(prefix + "attention.layer_norm_rms_epsilon", config.epsilon());
    to.count(prefix + "rope.dimension_count", size);
    to.count(prefix + "vocab_size", config.vocabulary());
    windows(to);
    if (architecture.attentionSoftCap() > 0) {
      to.number(prefix + "attn_logit_softcapping", architecture.attentionSoftCap());
    }
    if (architecture.logitSoftCap() > 0) {
      to.number(prefix + "final_logit_softcapping", architecture.logitSoftCap());
    }
    rope(to);
  }

  private boolean gemma() {
    return family == Family.GEMMA2 || family == Family.GEMMA3;
  }

  private static void require(boolean same, String what) {
    if (!same) {
      throw new IllegalArgumentException("llama.cpp cannot run this model: " + what);
    }
  }

  private void requireSame() {
    require(
        config.gate() == (gemma() ? Gate.GELU_TANH : Gate.SILU),
        "a " + prefix + " model's feed-forward has the gate " + config.gate());
    require(
        !architecture.queryKeyValueBias() || family == Family.LLAMA || family == Family.QWEN2,
        "biases of queries, keys and values");
    require(!architecture.attentionOutBias() || family == Family.LLAMA, "a bias after attention");
    double scalar =
        GgufConfig.large(family, config.layers())
            ? (double) config.hidden() / config.heads().queries()
            : config.heads().size();
    require(
        architecture.attentionScalar() == scalar,
        "query_pre_attn_scalar is " + architecture.attentionScalar() + ", there it is " + scalar);
    require(
        family != Family.GEMMA2 || architecture.attentionSoftCap() > 0,
        "a Gemma 2 without a cap of attention's logits");
    for (int i = 0; i < config.layers() && family == Family.SMOLLM3; i++) {
      require(
          config.layerForms().get(i).rope().isPresent() == GgufConfig.rotates(family, i),
          "layers without positions other than every fourth");
    }
  }

  /** Where llama.cpp has no windows, a context within the window sees the same. */
  private int context() {
    int context = config.maxPositions();
    for (LayerForm form : config.layerForms()) {
      context = gemma() || form.window() == 0 ? context : Math.min(context, form.window());
    }
    return context;
  }

  private void windows(GgufWriter to) {
    List<Integer> windows =
        config.layerForms().stream().map(LayerForm::window).distinct().sorted().toList();
    if (!gemma() || windows.equals(List.of(0))) {
      require(family != Family.GEMMA2 || !windows.equals(List.of(0)), "a Gemma 2 without windows");
      return;
    }
    int window = windows.getLast();
    int period = family == Family.GEMMA2 ? 2 : 1;
    while (period <= config.layers() && !hasPeriod(period, window)) {
      require(family == Family.GEMMA3, "layers with windows other than every second");
      period++;
    }
    require(hasPeriod(period, window), "layers with windows that have no period");
    to.count(prefix + "attention.sliding_window", window);
    if (family == Family.GEMMA3 && period != GgufConfig.GEMMA3_PERIOD) {
      to.count(prefix + "attention.sliding_window_pattern", period);
    }
  }

  private boolean hasPeriod(int period, int window) {
    for (int i = 0; i < config.layers(); i++) {
      int expected = i % period == period - 1 ? 0 : window;
      if (config.layerForms().get(i).window() != expected) {
        return false;
      }
    }
    return true;
  }

  private void rope(GgufWriter to) {
    List<Rope> all = ropes(form -> family != Family.GEMMA3 || form.window() == 0);
    List<Rope> local = ropes(form -> family == Family.GEMMA3 && form.window() > 0);
    require(all.size() <= 1 && local.size() <= 1, "layers with different rotary positions");
    Rope rope = all.isEmpty() ? local.getFirst() : all.getFirst();
    to.number(prefix + "rope.freq_base", rope.theta());
    if (!local.isEmpty()) {
      require(
          local.getFirst().scaling() instanceof RopeScaling.None,
          "scaled rotary positions in layers with a window");
      to.number(prefix + "rope.freq_base_swa", local.getFirst().theta());
    }
    String scaling = prefix + "rope.scaling.";
    switch (rope.scaling()) {
      case RopeScaling.None none -> {}
      case RopeScaling.Linear linear ->
          to.string(scaling + "type", "linear").number(scaling + "factor", linear.factor());
      case RopeScaling.Yarn yarn -> {
        require(yarn.truncated(), "YaRN with truncate: false");
        to.string(scaling + "type", "yarn").number(scaling + "factor", yarn.factor());
        to.count(scaling + "original_context_length", yarn.originalPositions());
        to.number(scaling + "attn_factor", yarn.magnitude() / RopeFactors.magnitude(yarn.factor()));
        to.number(scaling + "yarn_beta_fast", yarn.fast());
        to.number(scaling + "yarn_beta_slow", yarn.slow());
      }
      case RopeScaling.Llama3 llama -> {
        require(
            GgufNames.architecture(family).equals("llama"),
            "Llama 3's rotary scaling in another architecture than Llama's");
        factors(
            to, GgufNames.ROPE_FACTORS, RopeFactors.of(llama, rope.theta(), config.heads().size()));
      }
      case RopeScaling.Dynamic dynamic -> {} // within the model's positions they are as they are
      case RopeScaling.LongRope longRope -> {
        require(family == Family.PHI3, "longrope in another architecture than Phi-3's");
        to.count(scaling + "original_context_length", longRope.originalPositions());
        to.number(scaling + "attn_factor", longRope.magnitude());
        factors(to, GgufNames.SHORT_FACTORS, floats(longRope.shortFactors()));
        factors(to, GgufNames.LONG_FACTORS, floats(longRope.longFactors()));
      }
    }
  }

  private static void factors(GgufWriter to, String name, float[] factors) {
    to.tensor(name, GgufType.F32, List.of((long) factors.length), (from, until) -> factors);
  }

  private static float[] floats(List<Double> numbers) {
    float[] floats = new float[numbers.size()];
    for (int i = 0; i < floats.length; i++) {
      floats[i] = numbers.get(i).floatValue();
    }
    return floats;
  }

  private List<Rope> ropes(Predicate<LayerForm> which) {
    return config.layerForms().stream()
        .filter(which)
        .map(LayerForm::rope)
        .filter(Optional::isPresent)
        .map(Optional::get)
        .distinct()
        .toList();
  }
}
