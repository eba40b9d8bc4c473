package io.whetstone.model;

import io.whetstone.tensor.Backend;
import io.whetstone.tensor.DType;
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
   * The backward of {@link #enter} followed by y = projection(enter(x)): from ∂L/∂y, accumulates
   * into the weights' gradients and into {@code gradient}, ∂L/∂x.
   */
  void backwardEnter(
      Tensor x,
      Projection projection,
      Parameter bias,
      Tensor dy,
      Tensor gradient,
      LayerRows rows,
      Workspace workspace) {
    if (before == null) {
      projection.backward(computed(x, workspace), bias, dy, gradient, true, rows, workspace);
      return;
    }
    Tensor normed = workspace.tensor(compute, x.rows(), x.columns());
    Tensor rstd = workspace.tensor(DType.F32, x.rows());
    norm(before, x, normed, rstd);
    Tensor dNormed = normed; // its forward value is used up
    projection.backward(normed, bias, dy, dNormed, false, rows, workspace);
    backend.rmsNormBackward(
        dNormed, x, before.value(), offset(), rstd, gradient, before.gradientOrScrap(workspace));
  }

  /**
   * to = from + after(projection(y) + bias); {@code to} may be {@code from}.
   *
   * @param y [T, n] of the compute type
   * @param bias null for none
   * @param out [T, hidden] F32, overwritten with the projection where a norm follows; else null
   */
  void leave(
      Projection projection,
      Parameter bias,
      Tensor y,
      Tensor from,
      Tensor to,
      Tensor out,
      LayerRows rows,
      Workspace workspace) {
    if (from != to) {
      backend.copy(from, to);
    }
    Tensor sum = after == null ? to : out;
    projection.forward(y, bias, sum, after == null, rows, workspace);
    if (after != null) {
      long mark = workspace.mark();
      Tensor normed = workspace.tensor(DType.F32, out.rows(), out.columns());
      norm(after, out, normed, workspace.tensor(DType.F32, out.rows()));
      backend.add(normed, to);
      workspace.release(mark);
    }
  }

  /**
   * The backward of {@link #leave} up to its product: from ∂L/∂to, which stays ∂L/∂from, makes
   * ∂L/∂projection in the compute type.
   */
  Tensor backwardLeave(Parameter bias, Tensor out, Tensor gradient, Workspace workspace) {
    Tensor dOut = gradient;
    if (after != null) {
      dOut = workspace.zeros(DType.F32, gradient.rows(), gradient.columns());
      long mark = workspace.mark();
      Tensor rstd = workspace.tensor(DType.F32, gradient.rows());
      Tensor unused = workspace.tensor(DType.F32, gradient.rows(), gradient.columns());
      norm(after, out, unused, rstd);
      backend.rmsNormBackward(
          gradient, out, after.value(), offset(), rstd, dOut, after.gradientOrScrap(workspace));
      workspace.release(mark);
    }
    if (bias != null && bias.trained()) {
      backend.addBiasBackward(dOut, bias.gradient());
    }
    return computed(dOut, workspace);
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
