package io.whetstone.trainer.loop;

import io.whetstone.model.Transformer;
import io.whetstone.tensor.Backend;
import io.whetstone.tensor.DType;
import io.whetstone.tensor.Tensor;
import io.whetstone.tensor.Workspace;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Other values of what training changes in a model: of all its weights, or of its adapters. Memory:
 * an F32 number each.
 */
final class WeightCopy implements AutoCloseable {
  private final Transformer model;
  private final Backend backend;
  private final Workspace memory;
  private final Map<String, Tensor> tensors = new LinkedHashMap<>();
  private final WeightMixer mixer;

  /** Values that are the model's now. */
  WeightCopy(Transformer model, String purpose) {
    this.model = model;
    this.backend = model.backend();
    this.memory = backend.workspace(purpose);
    this.mixer = new WeightMixer(model);
    model
        .trained()
        .forEach(
            (name, tensor) -> {
              int[] extents = tensor.shape().extents().stream().mapToInt(e -> e).toArray();
              tensors.put(name, memory.zeros(DType.F32, extents));
            });
    take();
  }

  /** By the names that files have. */
  Map<String, Tensor> tensors() {
    return tensors;
  }

  /** Becomes the model as it is now. */
  void take() {
    model.trained().forEach((name, tensor) -> backend.copy(tensor, tensors.get(name)));
  }

  /** Moves towards the model as it is now. */
  void mix(double share) {
    mixer.mix(model.trained(), tensors, share);
  }

  /** Each takes the other's values, to the bit. */
  void exchange() {
    mixer.exchange(model.trained(), tensors);
    model.trainedChanged();
  }

  @Override
  public void close() {
    mixer.close();
    memory.close();
  }
}
