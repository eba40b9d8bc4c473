package io.whetstone.model;

import io.whetstone.tensor.Backend;
import io.whetstone.tensor.DType;
import io.whetstone.tensor.Linear;
import io.whetstone.tensor.Tensor;
import io.whetstone.tensor.Workspace;

/**
 * The way from the residual stream into a sublayer and back: x + after(f(before(x))), with the
 * norms that {@link NormPlacement} says.
 *
 * <p>The stream and its gradient are F32; the sublayer computes in its own type.
 */
final class Residual {
  private final Backend backend;
  private final ModelConfig config;
  private final DType compute;
  private final Parameter before;
  private final Parameter after;

  /**
   * @param before norm of what goes in; null for none
   * @param after norm of what comes out; null for none
   */
  Residual(Backend backend, ModelConfig config, DType compute, Parameter before, Parameter after) {
    this.backend = backend;
    this.config = config;
    this.compute = compute;
    this.before = before;
    this.after = after;
  }

  /** What the sublayer sees of x [T, hidden]: of the compute type, in {@code workspace}. */
  Tensor enter(Tensor x, Workspace workspace) {
    if (before == null) {
      return computed(x, workspace);
    }
    Tensor normed = workspace.tensor(compute, x.rows(), x.columns());
    norm(before, x, normed, workspace.tensor(DType.F32, x.rows()));
    return normed;
  }

  /**
   * The backward of {@link #enter} followed by y = enter(x) Wᵀ: from ∂L/∂y, accumulates into the
   * weights' gradients and into {@code gradient}, ∂L/∂x.
   */
  void backwardEnter(
      Tensor x, Parameter weight, Linear linear, Tensor dy, Tensor gradient, Workspace workspace) {
    if (before == null) {
      backend.linearBackwardWeight(computed(x, workspace), dy, weight.gradient());
      backend.linearBackwardInput(linear, dy, gradient, true);
      return;
    }
    Tensor normed = workspace.tensor(compute, x.rows(), x.columns());
    Tensor rstd = workspace.tensor(DType.F32, x.rows());
    norm(before, x, normed, rstd);
    backend.linearBackwardWeight(normed, dy, weight.gradient());
    Tensor dNormed = normed; // its forward value is used up
    backend.linearBackwardInput(linear, dy, dNormed, false);
    backend.rmsNormBackward(
        dNormed, x, before.value(), offset(), rstd, gradient, before.gradient());
  }

  /**
   * to = from + after(y Wᵀ + bias); {@code to} may be {@code from}.
   *
   * @param y [T, n] of the compute type
   * @param bias null for none
   * @param out [T, hidden] F32, overwritten with y Wᵀ + bias where a norm follows; else null
   */
  void leave(
      Linear linear,
      Parameter bias,
      Tensor y,
      Tensor from,
      Tensor to,
      Tensor out,
      Workspace workspace) {
    if (from != to) {
      backend.copy(from, to);
    }
    Tensor sum = after == null ? to : out;
    backend.linearForward(linear, y, sum, after == null);
    if (bias != null) {
      backend.addBias(bias.value(), sum);
    }
    if (after != null) {
      long mark = workspace.mark();
      Tensor normed = workspace.tensor(DType.F32, out.rows(), out.columns());
      norm(after, out, normed, workspace.tensor(DType.F32, out.rows()));
      backend.add(normed, to);
      workspace.release(mark);
    }
  }

  /**
   * The backward of {@link #leave} up to its product, whose weight gradient is accumulated into:
   * from ∂L/∂to, which stays ∂L/∂from, makes ∂L/∂(y Wᵀ) in the compute type.
   */
  Tensor backwardLeave(
      Parameter weight,
      Parameter bias,
      Tensor y,
      Tensor out,
      Tensor gradient,
      Workspace workspace) {
    Tensor dOut = gradient;
    if (after != null) {
      dOut = workspace.zeros(DType.F32, gradient.rows(), gradient.columns());
      long mark = workspace.mark();
      Tensor rstd = workspace.tensor(DType.F32, gradient.rows());
      Tensor unused = workspace.tensor(DType.F32, gradient.rows(), gradient.columns());
      norm(after, out, unused, rstd);
      backend.rmsNormBackward(gradient, out, after.value(), offset(), rstd, dOut, after.gradient());
      workspace.release(mark);
    }
    if (bias != null) {
      backend.addBiasBackward(dOut, bias.gradient());
    }
    Tensor rounded = computed(dOut, workspace);
    backend.linearBackwardWeight(y, rounded, weight.gradient());
    return rounded;
  }

  /** Bytes a row takes in {@link #enter}, or in its backward. */
  static long enterBytesPerRow(ModelConfig config, DType compute) {
    return (long) compute.bytes() * config.hidden() + Float.BYTES;
  }

  /** Bytes a row takes in {@link #backwardLeave} while the sublayer goes on, at most. */
  static long leaveBytesPerRow(ModelConfig config, DType compute) {
    long rounded = compute == DType.F32 ? 0 : (long) compute.bytes() * config.hidden();
    long normed = config.architecture().norms().after() ? 2L * Float.BYTES * config.hidden() : 0;
    return rounded + normed;
  }

  private Tensor computed(Tensor x, Workspace workspace) {
    if (compute == DType.F32) {
      return x;
    }
    Tensor rounded = workspace.tensor(compute, x.rows(), x.columns());
    backend.copy(x, rounded);
    return rounded;
  }

  private void norm(Parameter norm, Tensor x, Tensor y, Tensor rstd) {
    backend.rmsNorm(x, norm.value(), config.epsilon(), offset(), y, rstd);
  }

  private float offset() {
    return config.architecture().normOffset();
  }
}
