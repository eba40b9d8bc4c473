package io.whetstone.checkpoints;

import com.fasterxml.jackson.databind.JsonNode;
import io.whetstone.model.Family;
import io.whetstone.model.LayerForm;
import io.whetstone.model.Rope;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Which layers see only a window, and which are not rotated. {@code layer_types} says it where it
 * is there; before it came each family had keys of its own.
 */
final class LayerKeys {
  static final String FULL = "full_attention";
  static final String SLIDING = "sliding_attention";

  private final Family family;
  private final ConfigKeys root;
  private final int count;

  LayerKeys(Family family, ConfigKeys root, int count) {
    this.family = family;
    this.root = root;
    this.count = count;
  }

  /**
   * The layers, first to last.
   *
   * @param positions {@code max_position_embeddings}
   */
  List<LayerForm> read(int positions) {
    RopeKeys keys = new RopeKeys(family, root, positions);
    boolean two = family == Family.GEMMA3;
    Rope full = two ? keys.read(FULL, "rope_theta", 1e6) : keys.read(theta());
    Rope local = two ? keys.read(SLIDING, "rope_local_base_freq", 10_000) : full;
    int window = window();
    List<LayerForm> forms = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      boolean slides = window > 0 && slides(i);
      Rope rope = slides ? local : full;
      forms.add(
          new LayerForm(slides ? window : 0, rotates(i) ? Optional.of(rope) : Optional.empty()));
    }
    return forms;
  }

  private double theta() {
    return family == Family.SMOLLM3 ? 2e6 : 10_000;
  }

  /** The window of the layers that have one; 0 where none has. */
  private int window() {
    return switch (family) {
      case LLAMA, OLMO2 -> {
        if (root.present("sliding_window")) {
          throw root.unsupported(
              "sliding_window",
              root.node("sliding_window"),
              "a " + ConfigFile.type(family) + " model has none here; expected null");
        }
        yield 0;
      }
      case QWEN2, QWEN3 -> root.flag("use_sliding_window") ? given(4096) : 0;
      case SMOLLM3 -> root.flag("use_sliding_window") ? given(0) : 0;
      case PHI3 -> given(0);
      case MISTRAL, GEMMA2, GEMMA3 -> given(4096);
    };
  }

  /** A null says there is none; a key that is missing has its family's default. */
  private int given(int missing) {
    if (root.mentioned("sliding_window") && !root.present("sliding_window")) {
      return 0;
    }
    return root.count("sliding_window", missing);
  }

  private boolean slides(int layer) {
    JsonNode types = root.node("layer_types");
    if (root.present("layer_types") && family != Family.MISTRAL && family != Family.PHI3) {
      return types.path(layer).asText().equals(SLIDING);
    }
    return switch (family) {
      case LLAMA, OLMO2 -> false;
      case QWEN2, QWEN3 -> layer >= root.count("max_window_layers", 28);
      case SMOLLM3 -> !rotates(layer);
      case MISTRAL, PHI3 -> true;
      case GEMMA2 -> layer % 2 == 0;
      case GEMMA3 -> (layer + 1) % root.count("sliding_window_pattern", 6) != 0;
    };
  }

  /** Refuses layer types that this family does not have, or that would be passed over. */
  void requireKnownTypes() {
    if (root.present("layer_types") && root.node("layer_types").size() != count) {
      throw root.unsupported(
          "layer_types", root.node("layer_types"), "expected one for each layer, " + count);
    }
    for (JsonNode type : root.node("layer_types")) {
      boolean known =
          switch (family) {
            case LLAMA, OLMO2 -> type.asText().equals(FULL);
            case MISTRAL, PHI3 -> type.asText().equals(window() > 0 ? SLIDING : FULL);
            default -> type.asText().equals(FULL) || type.asText().equals(SLIDING) && window() > 0;
          };
      if (!known) {
        throw root.unsupported(
            "layer_types", type, "not in a " + ConfigFile.type(family) + " model of this window");
      }
    }
  }

  private boolean rotates(int layer) {
    if (family != Family.SMOLLM3) {
      return true;
    }
    if (!root.present("no_rope_layers")) {
      return (layer + 1) % root.count("no_rope_layer_interval", 4) != 0;
    }
    JsonNode flag = root.node("no_rope_layers").path(layer);
    if (!flag.isInt() || root.node("no_rope_layers").size() != count) {
      throw root.wrong("no_rope_layers", "0 or 1 for each of " + count + " layers");
    }
    return flag.intValue() != 0; // 1 says that the layer is rotated, whatever the key's name says
  }
}
