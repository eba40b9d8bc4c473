package io.whetstone.model;

import io.whetstone.tensor.Heads;
import java.util.ArrayList;
import java.util.List;

/**
 * One of the linear modules in a model's blocks, as Hugging Face has them; the head is none.
 *
 * @param name its full name, {@code model.layers.0.self_attn.q_proj}
 * @param out rows of its weight
 * @param in columns of its weight
 */
public record LinearModule(String name, int out, int in) {
  private static final String ATTENTION = "self_attn.";
  private static final String FEED_FORWARD = "mlp.";

  /** All of a model's, first layer first. */
  public static List<LinearModule> of(ModelConfig config) {
    List<LinearModule> modules = new ArrayList<>();
    for (int i = 0; i < config.layers(); i++) {
      modules.addAll(queryKeyValue(config, i));
      modules.addAll(attentionOut(config, i));
      modules.addAll(gateUp(config, i));
      modules.addAll(down(config, i));
    }
    return modules;
  }

  /** Those that read what attention sees, in the order of the fused weight's rows. */
  static List<LinearModule> queryKeyValue(ModelConfig config, int layer) {
    Heads heads = config.heads();
    String at = layer(layer) + ATTENTION;
    int hidden = config.hidden();
    if (fusedInFiles(config)) {
      return List.of(new LinearModule(at + "qkv_proj", heads.fusedColumns(), hidden));
    }
    int keys = heads.keyValues() * heads.size();
    return List.of(
        new LinearModule(at + "q_proj", heads.queries() * heads.size(), hidden),
        new LinearModule(at + "k_proj", keys, hidden),
        new LinearModule(at + "v_proj", keys, hidden));
  }

  static List<LinearModule> attentionOut(ModelConfig config, int layer) {
    int columns = config.heads().outputColumns();
    return List.of(new LinearModule(layer(layer) + ATTENTION + "o_proj", config.hidden(), columns));
  }

  /** Those that read what the feed-forward sees, in the order of the fused weight's rows. */
  static List<LinearModule> gateUp(ModelConfig config, int layer) {
    String at = layer(layer) + FEED_FORWARD;
    int width = config.feedForward();
    if (fusedInFiles(config)) {
      return List.of(new LinearModule(at + "gate_up_proj", 2 * width, config.hidden()));
    }
    return List.of(
        new LinearModule(at + "gate_proj", width, config.hidden()),
        new LinearModule(at + "up_proj", width, config.hidden()));
  }

  static List<LinearModule> down(ModelConfig config, int layer) {
    String name = layer(layer) + FEED_FORWARD + "down_proj";
    return List.of(new LinearModule(name, config.hidden(), config.feedForward()));
  }

  private static String layer(int index) {
    return "model.layers." + index + ".";
  }

  private static boolean fusedInFiles(ModelConfig config) {
    return config.architecture().family() == Family.PHI3;
  }
}
