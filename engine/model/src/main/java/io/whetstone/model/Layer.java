package io.whetstone.model;

import io.whetstone.tensor.AttentionForm;
import io.whetstone.tensor.Backend;
import io.whetstone.tensor.DType;
import io.whetstone.tensor.Heads;
import io.whetstone.tensor.Segments;
import io.whetstone.tensor.Tensor;
import io.whetstone.tensor.Workspace;
import java.util.List;

/**
 * One block: x ← x + Attention(RMSNorm(x)), then x ← x + FeedForward(RMSNorm(x)), with the norms
 * where {@link Residual} puts them.
 *
 * <p>Training, evaluation and decoding run the same {@link #forward}; only the attention they pass
 * in differs, which is how their bits agree.
 */
final class Layer implements AutoCloseable {
  /** Attention over the fused rows: over the packed batch, or over a cache. */
  @FunctionalInterface
  interface Attention {
    /** Fills {@code attended} [T, outputColumns] and, if it can, {@code logSumExp} [T, queries]. */
    void attend(Tensor fused, AttentionForm form, Tensor attended, Tensor logSumExp);
  }

  /**
   * Rows that go through the feed-forward at once: its activations are the widest there are, and of
   * so many rows they stay in the cache from one kernel to the next.
   */
  private static final int CHUNK = 1024;

  private final Backend backend;
  private final ModelConfig config;
  private final DType compute;
  private final LayerWeights weights;
  private final Tensor ropeTable;
  private final AttentionForm form;
  private final Residual attentionResidual;
  private final Residual feedForwardResidual;
  private final Projection queryKeyValue;
  private final Projection attentionOut;
  private final Projection gateUp;
  private final Projection down;

  /**
   * @param ropeTable null where queries and keys are not rotated
   * @param lora null for none
   * @param adapters where adapters' parameters are held; null without any
   */
  Layer(
      Backend backend,
      ModelConfig config,
      DType compute,
      int index,
      Parameters parameters,
      Tensor ropeTable,
      Lora lora,
      Parameters adapters) {
    this.backend = backend;
    this.config = config;
    this.compute = compute;
    this.ropeTable = ropeTable;
    Architecture architecture = config.architecture();
    form =
        new AttentionForm(
            (float) (1 / Math.sqrt(architecture.attentionScalar())),
            architecture.attentionSoftCap(),
            config.layerForms().get(index).window());
    weights = LayerWeights.create(config, index, parameters);
    attentionResidual =
        new Residual(backend, config, compute, weights.attentionNorm(), weights.attentionOutNorm());
    feedForwardResidual =
        new Residual(
            backend, config, compute, weights.feedForwardNorm(), weights.feedForwardOutNorm());
    queryKeyValue =
        new Projection(
            backend,
            compute,
            weights.queryKeyValue(),
            LinearModule.queryKeyValue(config, index),
            lora,
            adapters);
    attentionOut =
        new Projection(
            backend,
            compute,
            weights.attentionOut(),
            LinearModule.attentionOut(config, index),
            lora,
            adapters);
    gateUp =
        new Projection(
            backend, compute, weights.gateUp(), LinearModule.gateUp(config, index), lora, adapters);
    down =
        new Projection(
            backend, compute, weights.down(), LinearModule.down(config, index), lora, adapters);
  }

  private List<Projection> projections() {
    return List.of(queryKeyValue, attentionOut, gateUp, down);
  }

  /** Fills all of {@code a} but its input; see there for what is in place. */
  void forward(Activations a, LayerRows rows, Attention attention, Workspace workspace) {
    long mark = workspace.mark();
    Tensor seen = attentionResidual.enter(a.input(), workspace);
    queryKeyValue.forward(seen, weights.queryKeyValueBias(), a.projected(), false, rows, workspace);
    Tensor fused = a.projected();
    if (weights.queryNorm() != null) {
      fused = workspace.tensor(compute, fused.rows(), fused.columns());
      headNorm(a.projected(), fused, headRstd(fused.rows(), workspace));
    }
    rotate(fused, rows.positions(), false);
    attention.attend(fused, form, a.attended(), a.logSumExp());
    attentionResidual.leave(
        attentionOut,
        weights.attentionOutBias(),
        a.attended(),
        a.input(),
        a.middle(),
        a.attentionOut(),
        rows,
        workspace);
    workspace.release(mark);
    int count = a.input().rows();
    for (int from = 0; from < count; from += CHUNK) {
      int to = Math.min(count, from + CHUNK);
      forwardFeedForward(a.rows(from, to), rows.range(from, to), workspace);
      workspace.release(mark);
    }
  }

  private void forwardFeedForward(Activations a, LayerRows rows, Workspace workspace) {
    Tensor seen = feedForwardResidual.enter(a.middle(), workspace);
    gateUp.forward(seen, null, a.gateUp(), false, rows, workspace);
    Tensor activated = activated(a, workspace);
    feedForwardResidual.leave(
        down, null, activated, a.middle(), a.output(), a.feedForwardOut(), rows, workspace);
  }

  /**
   * Turns {@code gradient} [T, hidden] from ∂L/∂output into ∂L/∂input, in place, and accumulates
   * into the weights' gradients. {@code a} must be kept and filled by {@link #forward} with packed
   * attention over the same segments.
   */
  void backward(
      Activations a, LayerRows rows, Segments segments, Tensor gradient, Workspace workspace) {
    long mark = workspace.mark();
    int count = gradient.rows();
    for (int from = 0; from < count; from += CHUNK) {
      int to = Math.min(count, from + CHUNK);
      backwardFeedForward(
          a.rows(from, to), rows.range(from, to), gradient.rows(from, to), workspace);
      workspace.release(mark);
    }
    backwardAttention(a, rows, segments, gradient, workspace);
    workspace.release(mark);
  }

  private void backwardFeedForward(
      Activations a, LayerRows rows, Tensor gradient, Workspace workspace) {
    Tensor activated = activated(a, workspace);
    Tensor dOut = feedForwardResidual.backwardLeave(null, a.feedForwardOut(), gradient, workspace);
    Tensor dActivated = activated; // its forward value is used up
    down.backward(activated, null, dOut, dActivated, false, rows, workspace);
    Tensor dGateUp = workspace.tensor(compute, gradient.rows(), 2 * config.feedForward());
    backend.gatedBackward(config.gate(), dActivated, a.gateUp(), dGateUp);
    feedForwardResidual.backwardEnter(a.middle(), gateUp, null, dGateUp, gradient, rows, workspace);
  }

  private void backwardAttention(
      Activations a, LayerRows rows, Segments segments, Tensor gradient, Workspace workspace) {
    int count = gradient.rows();
    Heads heads = config.heads();
    Tensor dOut =
        attentionResidual.backwardLeave(
            weights.attentionOutBias(), a.attentionOut(), gradient, workspace);
    Tensor dAttended = workspace.tensor(compute, count, heads.outputColumns());
    attentionOut.backward(a.attended(), null, dOut, dAttended, false, rows, workspace);
    Tensor fused = a.projected();
    Tensor rstd = null;
    if (weights.queryNorm() != null) {
      fused = workspace.tensor(compute, count, heads.fusedColumns());
      rstd = headRstd(count, workspace);
      headNorm(a.projected(), fused, rstd);
      rotate(fused, rows.positions(), false);
    }
    Tensor dFused = workspace.tensor(compute, count, heads.fusedColumns());
    backend.attentionBackward(
        dAttended, fused, heads, segments, form, a.attended(), a.logSumExp(), dFused);
    rotate(dFused, rows.positions(), true);
    if (weights.queryNorm() != null) {
      backend.headNormBackward(
          dFused,
          a.projected(),
          heads,
          weights.queryNorm().value(),
          weights.keyNorm().value(),
          config.architecture().normOffset(),
          rstd,
          dFused,
          weights.queryNorm().gradientOrScrap(workspace),
          weights.keyNorm().gradientOrScrap(workspace));
    }
    attentionResidual.backwardEnter(
        a.input(), queryKeyValue, weights.queryKeyValueBias(), dFused, gradient, rows, workspace);
  }

  private Tensor activated(Activations a, Workspace workspace) {
    Tensor activated = workspace.tensor(compute, a.gateUp().rows(), config.feedForward());
    backend.gated(config.gate(), a.gateUp(), activated);
    return activated;
  }

  private Tensor headRstd(int rows, Workspace workspace) {
    return workspace.tensor(DType.F32, rows, config.headNorms());
  }

  private void headNorm(Tensor projected, Tensor normed, Tensor rstd) {
    backend.headNorm(
        projected,
        config.heads(),
        weights.queryNorm().value(),
        weights.keyNorm().value(),
        config.epsilon(),
        config.architecture().normOffset(),
        normed,
        rstd);
  }

  private void rotate(Tensor fused, int[] positions, boolean inverse) {
    if (ropeTable != null) {
      backend.rope(fused, config.heads(), positions, ropeTable, inverse);
    }
  }

  /** Bytes that forward or backward of so many rows takes beside {@link Activations}, at most. */
  static long scratchBytes(ModelConfig config, DType compute, long rows) {
    long enter = Residual.enterBytesPerRow(config, compute);
    long leave = Residual.leaveBytesPerRow(config, compute);
    long normed =
        config.headNorms() == 0
            ? 0
            : compute.bytes() * (long) config.heads().fusedColumns()
                + Float.BYTES * (long) config.headNorms();
    long attention =
        compute.bytes() * (long) (config.heads().outputColumns() + config.heads().fusedColumns());
    long feedForward = compute.bytes() * 3L * config.feedForward();
    return Math.max(
        rows * (enter + leave + attention + normed),
        Math.min(rows, CHUNK) * (enter + leave + feedForward));
  }

  void weightsChanged() {
    projections().forEach(Projection::weightsChanged);
  }

  void adaptersChanged() {
    projections().forEach(Projection::adapterChanged);
  }

  /** Whether the adapters, where there are any, take part. */
  void useAdapters(boolean on) {
    projections().forEach(projection -> projection.useAdapter(on));
  }

  /** Puts what the adapters add into the weights. */
  void mergeAdapters(Workspace workspace) {
    projections().forEach(projection -> projection.merge(workspace));
  }

  @Override
  public void close() {
    projections().forEach(Projection::close);
  }
}
