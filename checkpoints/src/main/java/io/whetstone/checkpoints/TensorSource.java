package io.whetstone.checkpoints;

import io.whetstone.tensor.Shape;
import io.whetstone.tensor.Tensor;
import java.util.LinkedHashMap;
import java.util.Map;

/** Named tensors that need not all be in memory at once. */
public interface TensorSource {
  /** What there is, in a fixed order. */
  Map<String, Shape> shapes();

  /** One of them, which is there until another is asked for. */
  Tensor tensor(String name);

  /** Tensors that are all there. */
  static TensorSource of(Map<String, Tensor> tensors) {
    Map<String, Shape> shapes = new LinkedHashMap<>();
    tensors.forEach((name, tensor) -> shapes.put(name, tensor.shape()));
    return new TensorSource() {
      @Override
      public Map<String, Shape> shapes() {
        return shapes;
      }

      @Override
      public Tensor tensor(String name) {
        return tensors.get(name);
      }
    };
  }
}
