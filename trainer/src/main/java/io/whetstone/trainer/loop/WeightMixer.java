package io.whetstone.trainer.loop;

import io.whetstone.model.Parameter;
import io.whetstone.model.Transformer;
import io.whetstone.tensor.Backend;
import io.whetstone.tensor.DType;
import io.whetstone.tensor.Tensor;
import io.whetstone.tensor.Workspace;
import java.util.List;

/** Moves weights between two models of one shape on one backend. Memory: the largest parameter. */
final class WeightMixer implements AutoCloseable {
  private final Backend backend;
  private final Workspace memory;
  private final Tensor spare;

  /**
   * @param like a model whose weights are all F32
   */
  WeightMixer(Transformer like) {
    this.backend = like.backend();
    this.memory = backend.workspace("mixing weights");
    long most = like.parameters().stream().mapToLong(p -> p.value().size()).max().orElse(1);
    this.spare = memory.zeros(DType.F32, Math.toIntExact(most));
  }

  /**
   * into ← share · from + (1 − share) · into, for every weight, in F32.
   *
   * @param share in [0, 1]
   */
  void mix(Transformer from, Transformer into, double share) {
    List<Parameter> sources = from.parameters();
    for (int p = 0; p < sources.size(); p++) {
      Tensor target = into.parameters().get(p).value();
      Tensor source = copy(sources.get(p).value());
      backend.scale(source, (float) share);
      backend.scale(target, (float) (1 - share));
      backend.add(source, target);
    }
    into.weightsChanged();
  }

  /** Each takes the other's weights, to the bit. */
  void exchange(Transformer one, Transformer other) {
    for (int p = 0; p < one.parameters().size(); p++) {
      Tensor a = one.parameters().get(p).value();
      Tensor b = other.parameters().get(p).value();
      Tensor was = copy(a);
      backend.copy(b, a);
      backend.copy(was, b);
    }
    one.weightsChanged();
    other.weightsChanged();
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
