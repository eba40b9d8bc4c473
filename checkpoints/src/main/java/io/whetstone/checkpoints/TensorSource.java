package io.whetstone.checkpoints;

import io.whetstone.tensor.Shape;
import io.whetstone.tensor.Tensor;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Function;

/** Named tensors that need not all be in memory at once. */
public interface TensorSource {
  /** What there is, in a fixed order. */
  Map<String, Shape> shapes();

  /** One of them, which is there until another is asked for. */
  Tensor tensor(String name);

  /** Tensors that are all there. */
  static TensorSource of(Map<String, Tensor> tensors) {
    return of(tensors, Tensor::shape);
  }

  /** The same under the shapes of their files: moments in blocks are rows of bytes. */
  static TensorSource asStored(Map<String, Tensor> tensors) {
    return of(tensors, SafetensorsFile::storedShape);
  }

  private static TensorSource of(Map<String, Tensor> tensors, Function<Tensor, Shape> shape) {
    Map<String, Shape> shapes = new LinkedHashMap<>();
    tensors.forEach((name, tensor) -> shapes.put(name, shape.apply(tensor)));
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
