package io.whetstone.model;

import io.whetstone.tensor.DType;
import io.whetstone.tensor.Shape;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Names and shapes of a model's weights, for whoever handles them without having them all. */
public final class WeightShapes {
  /** Hugging Face's name of the table of embeddings. */
  public static final String EMBEDDING = "model.embed_tokens.weight";

  private WeightShapes() {}

  /**
   * What weights take that are not trained.
   *
   * @param bytes of all of them
   * @param plainInProducts numbers in those matrices of products that are not quantised, of which a
   *     backend makes copies
   * @param quantized numbers in those that are
   * @param types of all of them
   */
  public record Held(long bytes, long plainInProducts, long quantized, Set<DType> types) {}

  /** Those of {@link Transformer#weights}, in its order. */
  public static Map<String, Shape> of(ModelConfig config) {
    Map<String, Shape> shapes = new LinkedHashMap<>();
    described(config, DType.F32, FrozenTypes.NONE)
        .weights()
        .forEach((name, tensor) -> shapes.put(name, tensor.shape()));
    return shapes;
  }

  /** Their memory in a model of a compute type. */
  public static Held held(ModelConfig config, DType compute, FrozenTypes frozen) {
    long bytes = 0;
    long plain = 0;
    long quantized = 0;
    Set<DType> types = EnumSet.noneOf(DType.class);
    List<Parameter> all = described(config, compute, frozen).fused();
    for (Parameter parameter : all) {
      bytes += parameter.value().memory().byteSize();
      types.add(parameter.value().dtype());
      boolean gathered = parameter == all.getFirst() && !config.tiedEmbeddings();
      if (parameter.value().dtype().quantized()) {
        quantized += parameter.value().size();
      } else if (parameter.decayed() && !gathered) {
        plain += parameter.value().size();
      }
    }
    return new Held(bytes, plain, quantized, types);
  }

  private static Parameters described(ModelConfig config, DType compute, FrozenTypes frozen) {
    Parameters parameters = Parameters.described(compute, frozen);
    LayerStack.table(config, parameters);
    for (int layer = 0; layer < config.layers(); layer++) {
      LayerWeights.create(config, layer, parameters);
    }
    OutputHead.norm(config, parameters);
    if (!config.tiedEmbeddings()) {
      OutputHead.matrix(config, parameters);
    }
    return parameters;
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
