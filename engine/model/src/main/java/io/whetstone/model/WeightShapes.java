package io.whetstone.model;

import io.whetstone.tensor.Shape;
import java.util.LinkedHashMap;
import java.util.Map;

/** Names and shapes of a model's weights, for whoever handles them without having them all. */
public final class WeightShapes {
  private WeightShapes() {}

  /** Those of {@link Transformer#weights}, in its order. */
  public static Map<String, Shape> of(ModelConfig config) {
    Parameters parameters = Parameters.described();
    LayerStack.table(config, parameters);
    for (int layer = 0; layer < config.layers(); layer++) {
      LayerWeights.create(config, layer, parameters);
    }
    OutputHead.norm(config, parameters);
    if (!config.tiedEmbeddings()) {
      OutputHead.matrix(config, parameters);
    }
    Map<String, Shape> shapes = new LinkedHashMap<>();
    parameters.weights().forEach((name, tensor) -> shapes.put(name, tensor.shape()));
    return shapes;
  }

  /**
   * Those of an adapter's tensors under PEFT's names.
   *
   * @throws IllegalArgumentException when the model lacks one of the modules
   */
  public static Map<String, Shape> of(Lora lora, ModelConfig config) {
    Map<String, Shape> shapes = new LinkedHashMap<>();
    for (LinearModule module : lora.adapted(config)) {
      shapes.put(Lora.downName(module.name()), Shape.of(lora.rank(), module.in()));
      shapes.put(Lora.upName(module.name()), Shape.of(module.out(), lora.rank()));
    }
    return shapes;
  }
}
