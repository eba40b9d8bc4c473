package io.whetstone.trainer.loop;

import io.whetstone.model.Transformer;
import io.whetstone.tensor.Backend;
import io.whetstone.tensor.DType;
import io.whetstone.tensor.Tensor;
import io.whetstone.tensor.Workspace;
import java.util.Map;

/** Moves numbers between tensors of one shape on one backend. Memory: the largest of them. */
final class WeightMixer implements AutoCloseable {
  private final Backend backend;
  private final Workspace memory;
  private final Tensor spare;

  /**
   * @param like the model whose trained tensors, all F32, are moved
   */
  WeightMixer(Transformer like) {
    this.backend = like.backend();
    this.memory = backend.workspace("mixing weights");
    long most = like.trained().values().stream().mapToLong(Tensor::size).max().orElse(1);
    this.spare = memory.zeros(DType.F32, Math.toIntExact(most));
  }

  /**
   * into ← share · from + (1 − share) · into, for every tensor, in F32.
   *
   * @param share in [0, 1]
   */
  void mix(Map<String, Tensor> from, Map<String, Tensor> into, double share) {
    from.forEach(
        (name, tensor) -> {
          Tensor target = into.get(name);
          Tensor source = copy(tensor);
          backend.scale(source, (float) share);
          backend.scale(target, (float) (1 - share));
          backend.add(source, target);
        });
  }

  /** Each takes the other's numbers, to the bit. */
  void exchange(Map<String, Tensor> one, Map<String, Tensor> other) {
    one.forEach(
        (name, a) -> {
          Tensor b = other.get(name);
          Tensor was = copy(a);
          backend.copy(b, a);
          backend.copy(was, b);
        });
  }

  private Tensor copy(Tensor x) {
    int[] extents = x.shape().extents().stream().mapToInt(e -> e).toArray();
    Tensor part = flat(Math.toIntExact(x.size())).reshape(extents);
    backend.copy(x, part);
    return part;
  }

  private Tensor flat(int size) {
    return spare.reshape(Math.toIntExact(spare.size()), 1).rows(0, size);
  }

  @Override
  public void close() {
    memory.close();
  }
}
