package io.whetstone.model;

import io.whetstone.tensor.DType;
import io.whetstone.tensor.Tensor;
import io.whetstone.tensor.Workspace;

/**
 * What one {@link Layer} writes in its forward pass over T rows.
 *
 * <p>Kept for a backward pass each tensor is its own. In place {@code input}, {@code middle} and
 * {@code output} are one tensor, the residual stream, and nothing of a layer outlives it. The
 * norms' and the gate's outputs are in neither: they cost one cheap kernel to compute again, and
 * would be a third of the memory.
 *
 * <p>Tensors [T, hidden] and {@code logSumExp} are F32, the others of the model's compute type.
 *
 * @param input [T, hidden], the residual stream before the layer
 * @param projected [T, fusedColumns], queries, keys and values; rotated already where queries and
 *     keys have no norm
 * @param attended [T, outputColumns]
 * @param logSumExp [T, queries], of the attention
 * @param attentionOut [T, hidden], what attention would add to the stream before its norm; null
 *     where it has none
 * @param middle [T, hidden], the residual stream after attention
 * @param gateUp [T, 2 · feedForward]
 * @param feedForwardOut [T, hidden], as {@code attentionOut} of the feed-forward
 * @param output [T, hidden], the residual stream after the layer
 */
record Activations(
    Tensor input,
    Tensor projected,
    Tensor attended,
    Tensor logSumExp,
    Tensor attentionOut,
    Tensor middle,
    Tensor gateUp,
    Tensor feedForwardOut,
    Tensor output) {
  static Activations kept(
      ModelConfig config, DType compute, Tensor input, Tensor output, Workspace workspace) {
    Tensor middle = workspace.tensor(DType.F32, input.rows(), config.hidden());
    return create(config, compute, input, middle, output, workspace);
  }

  static Activations inPlace(
      ModelConfig config, DType compute, Tensor stream, Workspace workspace) {
    return create(config, compute, stream, stream, stream, workspace);
  }

  private static Activations create(
      ModelConfig config,
      DType compute,
      Tensor input,
      Tensor middle,
      Tensor output,
      Workspace workspace) {
    int rows = input.rows();
    boolean after = config.architecture().norms().after();
    return new Activations(
        input,
        workspace.tensor(compute, rows, config.heads().fusedColumns()),
        workspace.tensor(compute, rows, config.heads().outputColumns()),
        workspace.tensor(DType.F32, rows, config.heads().queries()),
        after ? workspace.tensor(DType.F32, rows, config.hidden()) : null,
        middle,
        workspace.tensor(compute, rows, 2 * config.feedForward()),
        after ? workspace.tensor(DType.F32, rows, config.hidden()) : null,
        output);
  }

  /** The rows [from, to) of all of them. */
  Activations rows(int from, int to) {
    if (from == 0 && to == input.rows()) {
      return this;
    }
    Tensor stream = input.rows(from, to);
    return new Activations(
        stream,
        projected.rows(from, to),
        attended.rows(from, to),
        logSumExp.rows(from, to),
        attentionOut == null ? null : attentionOut.rows(from, to),
        middle == input ? stream : middle.rows(from, to),
        gateUp.rows(from, to),
        feedForwardOut == null ? null : feedForwardOut.rows(from, to),
        output == input ? stream : output.rows(from, to));
  }

  /** Bytes a kept layer takes for each row, its output apart. */
  static long bytesPerRow(ModelConfig config, DType compute) {
    long computed =
        config.heads().fusedColumns() + config.heads().outputColumns() + 2L * config.feedForward();
    long streams = config.architecture().norms().after() ? 3 : 1;
    long single = config.heads().queries() + streams * config.hidden();
    return compute.bytes() * computed + Float.BYTES * single;
  }
}
