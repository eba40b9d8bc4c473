package io.whetstone.model;

import io.whetstone.model.Parameters.Part;
import io.whetstone.model.Parameters.Start;
import io.whetstone.tensor.AttentionForm;
import io.whetstone.tensor.Backend;
import io.whetstone.tensor.DType;
import io.whetstone.tensor.Heads;
import io.whetstone.tensor.Linear;
import io.whetstone.tensor.Segments;
import io.whetstone.tensor.Tensor;
import io.whetstone.tensor.Workspace;

/**
 * One block: x ← x + Attention(RMSNorm(x)), then x ← x + FeedForward(RMSNorm(x)).
 *
 * <p>Training, evaluation and decoding run the same {@link #forward}; only the attention they pass
 * in differs, which is how their bits agree.
 */
final class Layer implements AutoCloseable {
  /** Attention over the fused rows: over the packed batch, or over a cache. */
  @FunctionalInterface
  interface Attention {
    /** Fills {@code attended} [T, outputColumns] and, if it can, {@code logSumExp} [T, queries]. */
    void attend(Tensor fused, Tensor attended, Tensor logSumExp);
  }

  private final Backend backend;
  private final ModelConfig config;
  private final DType compute;
  private final Tensor ropeTable;
  private final Parameter attentionNorm;
  private final Parameter queryKeyValue;
  private final Parameter queryKeyValueBias;
  private final Parameter attentionOut;
  private final Parameter feedForwardNorm;
  private final Parameter gateUp;
  private final Parameter down;
  private final Linear queryKeyValueLinear;
  private final Linear attentionOutLinear;
  private final Linear gateUpLinear;
  private final Linear downLinear;

  Layer(
      Backend backend,
      ModelConfig config,
      DType compute,
      int index,
      Parameters parameters,
      Tensor ropeTable) {
    this.backend = backend;
    this.config = config;
    this.compute = compute;
    this.ropeTable = ropeTable;
    String layer = "model.layers." + index + ".";
    String attention = layer + "self_attn.";
    String feedForward = layer + "mlp.";
    int hidden = config.hidden();
    Heads heads = config.heads();
    attentionNorm = parameters.vector(layer + "input_layernorm.weight", Start.ONES, hidden);
    queryKeyValue =
        parameters.matrix(
            attention + "qkv_proj.weight",
            Start.NORMAL,
            heads.fusedColumns(),
            hidden,
            projections(attention, "weight"));
    queryKeyValueBias =
        config.attentionBias()
            ? parameters.vector(
                attention + "qkv_proj.bias",
                Start.ZEROS,
                heads.fusedColumns(),
                projections(attention, "bias"))
            : null;
    attentionOut =
        parameters.matrix(
            attention + "o_proj.weight", Start.RESIDUAL, hidden, heads.outputColumns());
    feedForwardNorm =
        parameters.vector(layer + "post_attention_layernorm.weight", Start.ONES, hidden);
    gateUp =
        parameters.matrix(
            feedForward + "gate_up_proj.weight",
            Start.NORMAL,
            2 * config.feedForward(),
            hidden,
            new Part(feedForward + "gate_proj.weight", config.feedForward()),
            new Part(feedForward + "up_proj.weight", config.feedForward()));
    down =
        parameters.matrix(
            feedForward + "down_proj.weight", Start.RESIDUAL, hidden, config.feedForward());
    queryKeyValueLinear = backend.linear(queryKeyValue.value(), compute);
    attentionOutLinear = backend.linear(attentionOut.value(), compute);
    gateUpLinear = backend.linear(gateUp.value(), compute);
    downLinear = backend.linear(down.value(), compute);
  }

  private Part[] projections(String attention, String kind) {
    Heads heads = config.heads();
    return new Part[] {
      new Part(attention + "q_proj." + kind, heads.queries() * heads.size()),
      new Part(attention + "k_proj." + kind, heads.keyValues() * heads.size()),
      new Part(attention + "v_proj." + kind, heads.keyValues() * heads.size())
    };
  }

  /** Fills all of {@code a} but its input; see there for what is in place. */
  void forward(Activations a, int[] positions, Attention attention, Workspace workspace) {
    int rows = a.input().rows();
    long mark = workspace.mark();
    Tensor normed = workspace.tensor(compute, rows, config.hidden());
    Tensor rstd = workspace.tensor(DType.F32, rows);
    Tensor activated = workspace.tensor(compute, rows, config.feedForward());

    norm(attentionNorm, a.input(), normed, rstd);
    backend.linearForward(queryKeyValueLinear, normed, a.fused(), false);
    if (queryKeyValueBias != null) {
      backend.addBias(queryKeyValueBias.value(), a.fused());
    }
    backend.rope(a.fused(), config.heads(), positions, ropeTable, false);
    attention.attend(a.fused(), a.attended(), a.logSumExp());
    carry(a.input(), a.middle());
    backend.linearForward(attentionOutLinear, a.attended(), a.middle(), true);

    norm(feedForwardNorm, a.middle(), normed, rstd);
    backend.linearForward(gateUpLinear, normed, a.gateUp(), false);
    backend.gated(config.gate(), a.gateUp(), activated);
    carry(a.middle(), a.output());
    backend.linearForward(downLinear, activated, a.output(), true);
    workspace.release(mark);
  }

  /**
   * Turns {@code gradient} [T, hidden] from ∂L/∂output into ∂L/∂input, in place, and accumulates
   * into the weights' gradients. {@code a} must be kept and filled by {@link #forward} with packed
   * attention over the same segments.
   */
  void backward(
      Activations a,
      int[] positions,
      Segments segments,
      AttentionForm form,
      Tensor gradient,
      Workspace workspace) {
    backwardFeedForward(a, gradient, workspace);
    backwardAttention(a, positions, segments, form, gradient, workspace);
  }

  private void backwardFeedForward(Activations a, Tensor gradient, Workspace workspace) {
    int rows = gradient.rows();
    int width = config.feedForward();
    long mark = workspace.mark();
    Tensor dOutput = computed(gradient, workspace);
    Tensor activated = workspace.tensor(compute, rows, width);
    backend.gated(config.gate(), a.gateUp(), activated);
    backend.linearBackwardWeight(activated, dOutput, down.gradient());
    Tensor dActivated = activated; // its forward value is used up
    backend.linearBackwardInput(downLinear, dOutput, dActivated, false);
    Tensor dGateUp = workspace.tensor(compute, rows, 2 * width);
    backend.gatedBackward(config.gate(), dActivated, a.gateUp(), dGateUp);
    backwardNormed(feedForwardNorm, a.middle(), gateUp, gateUpLinear, dGateUp, gradient, workspace);
    workspace.release(mark);
  }

  private void backwardAttention(
      Activations a,
      int[] positions,
      Segments segments,
      AttentionForm form,
      Tensor gradient,
      Workspace workspace) {
    int rows = gradient.rows();
    Heads heads = config.heads();
    long mark = workspace.mark();
    Tensor dMiddle = computed(gradient, workspace);
    backend.linearBackwardWeight(a.attended(), dMiddle, attentionOut.gradient());
    Tensor dAttended = workspace.tensor(compute, rows, heads.outputColumns());
    backend.linearBackwardInput(attentionOutLinear, dMiddle, dAttended, false);
    Tensor dFused = workspace.tensor(compute, rows, heads.fusedColumns());
    backend.attentionBackward(
        dAttended, a.fused(), heads, segments, form, a.attended(), a.logSumExp(), dFused);
    backend.rope(dFused, heads, positions, ropeTable, true);
    if (queryKeyValueBias != null) {
      backend.addBiasBackward(dFused, queryKeyValueBias.gradient());
    }
    backwardNormed(
        attentionNorm, a.input(), queryKeyValue, queryKeyValueLinear, dFused, gradient, workspace);
    workspace.release(mark);
  }

  /**
   * The backward of y = RMSNorm(x) Wᵀ beside a residual connection: from ∂L/∂y, accumulates into
   * both weights' gradients and into {@code gradient}, ∂L/∂x.
   */
  private void backwardNormed(
      Parameter norm,
      Tensor x,
      Parameter weight,
      Linear linear,
      Tensor dy,
      Tensor gradient,
      Workspace workspace) {
    Tensor normed = workspace.tensor(compute, x.rows(), config.hidden());
    Tensor rstd = workspace.tensor(DType.F32, x.rows());
    norm(norm, x, normed, rstd);
    backend.linearBackwardWeight(normed, dy, weight.gradient());
    Tensor dNormed = normed; // its forward value is used up
    backend.linearBackwardInput(linear, dy, dNormed, false);
    backend.rmsNormBackward(dNormed, x, norm.value(), 0, rstd, gradient, norm.gradient());
  }

  /** The gradient of the residual stream, F32, in the type that products take. */
  private Tensor computed(Tensor gradient, Workspace workspace) {
    if (compute == DType.F32) {
      return gradient;
    }
    Tensor rounded = workspace.tensor(compute, gradient.rows(), gradient.columns());
    backend.copy(gradient, rounded);
    return rounded;
  }

  /** Bytes that forward or backward takes for each row beside {@link Activations}, at most. */
  static long scratchBytesPerRow(ModelConfig config, DType compute) {
    long forward = config.hidden() + (long) config.feedForward();
    long rounded = compute == DType.F32 ? 0 : config.hidden();
    long feedForward = rounded + 3L * config.feedForward() + config.hidden();
    long attention =
        rounded
            + config.heads().outputColumns()
            + config.heads().fusedColumns()
            + (long) config.hidden();
    return Float.BYTES + compute.bytes() * Math.max(forward, Math.max(feedForward, attention));
  }

  private void norm(Parameter norm, Tensor x, Tensor y, Tensor rstd) {
    backend.rmsNorm(x, norm.value(), config.epsilon(), 0, y, rstd);
  }

  /** The residual connection: what follows adds to {@code to}. */
  private void carry(Tensor from, Tensor to) {
    if (from != to) {
      backend.copy(from, to);
    }
  }

  void weightsChanged() {
    queryKeyValueLinear.refresh();
    attentionOutLinear.refresh();
    gateUpLinear.refresh();
    downLinear.refresh();
  }

  @Override
  public void close() {
    queryKeyValueLinear.close();
    attentionOutLinear.close();
    gateUpLinear.close();
    downLinear.close();
  }
}
