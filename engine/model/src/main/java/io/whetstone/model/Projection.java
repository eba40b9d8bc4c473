package io.whetstone.model;

import io.whetstone.tensor.Backend;
import io.whetstone.tensor.DType;
import io.whetstone.tensor.Linear;
import io.whetstone.tensor.Tensor;
import io.whetstone.tensor.Workspace;
import java.util.List;

/** A block's product with one of its weights, which may be several modules' fused, and adapters. */
final class Projection implements AutoCloseable {
  private final Backend backend;
  private final Parameter weight;
  private final Linear linear;
  private final Adapter adapter;
  private boolean adapted;

  /**
   * @param fused the modules whose rows the weight holds, in their order
   * @param lora null for none
   * @param adapters where adapters' parameters are held; null without any
   */
  Projection(
      Backend backend,
      DType compute,
      Parameter weight,
      List<LinearModule> fused,
      Lora lora,
      Parameters adapters) {
    this.backend = backend;
    this.weight = weight;
    linear = backend.linear(weight.value(), compute);
    String name = weight.name().substring(0, weight.name().length() - ".weight".length());
    adapter = Adapter.create(backend, compute, lora, fused, name, adapters);
    adapted = adapter != null;
  }

  /** y = x Wᵀ + bias, or y += … when {@code accumulate}, and what the adapters add. */
  void forward(
      Tensor x, Parameter bias, Tensor y, boolean accumulate, LayerRows rows, Workspace workspace) {
    backend.linearForward(linear, x, y, accumulate);
    if (bias != null) {
      backend.addBias(bias.value(), y);
    }
    if (adapted) {
      adapter.forward(x, y, rows, workspace);
    }
  }

  /**
   * From ∂L/∂y, accumulates into the gradients of what is trained, then dx = ∂L/∂x, or dx += when
   * {@code accumulate}. dx may be x, whose value is then used up.
   */
  void backward(
      Tensor x,
      Parameter bias,
      Tensor dy,
      Tensor dx,
      boolean accumulate,
      LayerRows rows,
      Workspace workspace) {
    if (bias != null && bias.trained()) {
      backend.addBiasBackward(dy, bias.gradient());
    }
    if (weight.trained()) {
      backend.linearBackwardWeight(x, dy, weight.gradient());
    }
    long mark = workspace.mark();
    Tensor dLow = adapted ? adapter.backwardWeights(x, dy, rows, workspace) : null;
    backend.linearBackwardInput(linear, dy, dx, accumulate);
    if (adapted) {
      adapter.backwardInput(dLow, dx, rows, workspace);
    }
    workspace.release(mark);
  }

  /** Puts what the adapters add into the weight. */
  void merge(Workspace workspace) {
    if (adapter != null) {
      adapter.merge(weight.value(), workspace);
    }
  }

  /** Whether the adapters, where there are any, take part. */
  void useAdapter(boolean on) {
    adapted = on && adapter != null;
  }

  void weightsChanged() {
    linear.refresh();
    adapterChanged();
  }

  void adapterChanged() {
    if (adapter != null) {
      adapter.weightsChanged();
    }
  }

  @Override
  public void close() {
    linear.close();
    if (adapter != null) {
      adapter.close();
    }
  }
}
