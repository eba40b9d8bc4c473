package io.whetstone.model;

import io.whetstone.model.Parameters.Part;
import io.whetstone.model.Parameters.Start;
import io.whetstone.tensor.Backend;
import io.whetstone.tensor.DType;
import io.whetstone.tensor.Linear;
import io.whetstone.tensor.Philox;
import io.whetstone.tensor.Tensor;
import io.whetstone.tensor.Workspace;
import java.util.ArrayList;
import java.util.List;

/**
 * The low-rank adapters of the modules that share one fused weight: for each of its modules that is
 * adapted, its columns of y += s · (x Aᵀ) Bᵀ.
 *
 * <p>They read the same x, so their A are one fused matrix too, and its dropout is drawn once for
 * all of them (PEFT draws once a module). The product with A is an F32 sum, scaled, and then
 * rounded to the compute type.
 */
final class Adapter implements AutoCloseable {
  /** B [out, rank] of a module, whose columns of the fused y begin at {@code column}. */
  private record Up(Parameter weight, Linear linear, int column, int out) {}

  private final Backend backend;
  private final DType compute;
  private final Lora lora;
  private final int fusedOut;
  private final Parameter down;
  private final Linear downLinear;
  private final List<Up> ups = new ArrayList<>();
  private final long salt;

  /**
   * @param fused the modules in the order of the fused weight's rows
   * @param name of the fused A
   * @return null where none of the modules is adapted
   */
  static Adapter create(
      Backend backend,
      DType compute,
      Lora lora,
      List<LinearModule> fused,
      String name,
      Parameters parameters) {
    boolean any = lora != null && fused.stream().anyMatch(m -> lora.modules().contains(m.name()));
    return any ? new Adapter(backend, compute, lora, fused, name, parameters) : null;
  }

  private Adapter(
      Backend backend,
      DType compute,
      Lora lora,
      List<LinearModule> fused,
      String name,
      Parameters parameters) {
    this.backend = backend;
    this.compute = compute;
    this.lora = lora;
    salt = Philox.derive(0, name.hashCode());
    List<LinearModule> adapted =
        fused.stream().filter(m -> lora.modules().contains(m.name())).toList();
    Part[] parts =
        adapted.stream()
            .map(m -> new Part(Lora.downName(m.name()), lora.rank()))
            .toArray(Part[]::new);
    int in = fused.getFirst().in();
    down =
        parameters.matrix(
            name + ".lora_A.weight", Start.KAIMING, parts.length * lora.rank(), in, parts);
    downLinear = backend.linear(down.value(), compute);
    int column = 0;
    for (LinearModule module : fused) {
      if (adapted.contains(module)) {
        Parameter up =
            parameters.matrix(Lora.upName(module.name()), Start.ZEROS, module.out(), lora.rank());
        ups.add(new Up(up, backend.linear(up.value(), compute), column, module.out()));
      }
      column += module.out();
    }
    fusedOut = column;
  }

  /** y += s · (x Aᵀ) Bᵀ in each module's columns: x of the compute type, y of it or F32. */
  void forward(Tensor x, Tensor y, LayerRows rows, Workspace workspace) {
    long mark = workspace.mark();
    Tensor low = low(dropped(x, rows, workspace), workspace);
    for (int i = 0; i < ups.size(); i++) {
      Up up = ups.get(i);
      long before = workspace.mark();
      Tensor own = part(low, i, workspace);
      if (isWhole(up) && y.dtype() == DType.F32) {
        backend.linearForward(up.linear, own, y, true);
      } else {
        Tensor raised = workspace.tensor(DType.F32, x.rows(), up.out);
        backend.linearForward(up.linear, own, raised, false);
        backend.addColumns(raised, y, up.column);
      }
      workspace.release(before);
    }
    workspace.release(mark);
  }

  /**
   * Accumulates ∂L/∂A and ∂L/∂B, given x and ∂L/∂y, both of the compute type.
   *
   * @return ∂L/∂(dropped x Aᵀ) of the compute type, for {@link #backwardInput}
   */
  Tensor backwardWeights(Tensor x, Tensor dy, LayerRows rows, Workspace workspace) {
    Tensor dLow = workspace.tensor(compute, x.rows(), down.value().rows());
    long mark = workspace.mark();
    Tensor seen = dropped(x, rows, workspace);
    Tensor low = low(seen, workspace);
    Tensor sum = workspace.zeros(DType.F32, x.rows(), down.value().rows());
    for (int i = 0; i < ups.size(); i++) {
      Up up = ups.get(i);
      long before = workspace.mark();
      Tensor own = part(low, i, workspace);
      Tensor dOwn = dy;
      if (!isWhole(up)) {
        dOwn = workspace.tensor(compute, x.rows(), up.out);
        backend.takeColumns(dy, up.column, dOwn);
      }
      backend.linearBackwardWeight(own, dOwn, up.weight.gradient());
      Tensor lowered = workspace.tensor(DType.F32, x.rows(), lora.rank());
      backend.linearBackwardInput(up.linear, dOwn, lowered, false);
      backend.addColumns(lowered, sum, i * lora.rank());
      workspace.release(before);
    }
    backend.scale(sum, (float) lora.scale());
    backend.copy(sum, dLow);
    backend.linearBackwardWeight(seen, dLow, down.gradient());
    workspace.release(mark);
    return dLow;
  }

  /** dx += ∂L/∂x by way of A: dx of the compute type or F32. */
  void backwardInput(Tensor dLow, Tensor dx, LayerRows rows, Workspace workspace) {
    if (dx.dtype() == DType.F32 && !drops(rows)) {
      backend.linearBackwardInput(downLinear, dLow, dx, true);
      return;
    }
    long mark = workspace.mark();
    Tensor sum = workspace.tensor(DType.F32, dx.rows(), dx.columns());
    backend.linearBackwardInput(downLinear, dLow, sum, false);
    if (drops(rows)) {
      backend.dropout(sum, lora.dropout(), keys(rows), sum);
    }
    backend.addColumns(sum, dx, 0);
    workspace.release(mark);
  }

  /** W += s · B A, module by module, for weights in F32 of a model that computes in F32. */
  void merge(Tensor fused, Workspace workspace) {
    long mark = workspace.mark();
    for (int i = 0; i < ups.size(); i++) {
      Up up = ups.get(i);
      Tensor a = down.value().rows(i * lora.rank(), (i + 1) * lora.rank());
      Tensor rows = fused.rows(up.column, up.column + up.out);
      lora.merge(a, up.weight.value(), rows, backend, workspace);
      workspace.release(mark);
    }
  }

  /** s · x Aᵀ, of the compute type. */
  private Tensor low(Tensor x, Workspace workspace) {
    Tensor sum = workspace.tensor(DType.F32, x.rows(), down.value().rows());
    backend.linearForward(downLinear, x, sum, false);
    backend.scale(sum, (float) lora.scale());
    if (compute == DType.F32) {
      return sum;
    }
    Tensor rounded = workspace.tensor(compute, x.rows(), sum.columns());
    backend.copy(sum, rounded);
    return rounded;
  }

  private Tensor part(Tensor low, int i, Workspace workspace) {
    if (ups.size() == 1) {
      return low;
    }
    Tensor own = workspace.tensor(compute, low.rows(), lora.rank());
    backend.takeColumns(low, i * lora.rank(), own);
    return own;
  }

  private boolean isWhole(Up up) {
    return up.out == fusedOut;
  }

  private boolean drops(LayerRows rows) {
    return rows.dropoutKeys() != null && lora.dropout() > 0;
  }

  private Tensor dropped(Tensor x, LayerRows rows, Workspace workspace) {
    if (!drops(rows)) {
      return x;
    }
    Tensor seen = workspace.tensor(compute, x.rows(), x.columns());
    backend.dropout(x, lora.dropout(), keys(rows), seen);
    return seen;
  }

  /** The rows' keys for this adapter alone. */
  private long[] keys(LayerRows rows) {
    long[] own = rows.dropoutKeys().clone();
    for (int r = 0; r < own.length; r++) {
      own[r] ^= salt;
    }
    return own;
  }

  void weightsChanged() {
    downLinear.refresh();
    ups.forEach(up -> up.linear.refresh());
  }

  @Override
  public void close() {
    downLinear.close();
    ups.forEach(up -> up.linear.close());
  }
}
