package io.whetstone.model;

import io.whetstone.tensor.DType;
import io.whetstone.tensor.Tensor;
import java.util.List;

/**
 * The result of {@link Transformer#score}, with what its backward pass needs.
 *
 * <p>Most of it lives in the workspace given to {@code score}: once that is released or reset only
 * {@link #logprobs} and {@link #entropy} remain usable.
 */
public final class Scored {
  final PackedTokens tokens;
  final LayerRows layerRows;
  final int[] rows;
  final int[] targets;
  final float temperature;
  final List<Kept> layers;
  final Head head;
  private final Logprobs result;

  /**
   * The final norm and the head on R chosen rows.
   *
   * @param stream [R, hidden], the residual stream after the last layer
   * @param rstd [R]
   * @param normed [R, hidden]
   * @param logprobs [R]
   * @param entropy [R]
   * @param logSumExp [R]
   */
  record Head(
      Tensor stream,
      Tensor rstd,
      Tensor normed,
      Tensor logprobs,
      Tensor entropy,
      Tensor logSumExp) {
    static long bytesPerRow(ModelConfig config, DType compute) {
      return Float.BYTES * (config.hidden() + 4L) + (long) compute.bytes() * config.hidden();
    }
  }

  /**
   * What is left of a layer for the backward pass.
   *
   * @param input [T, hidden], the residual stream before it
   * @param output [T, hidden], the residual stream after it
   * @param activations null where they are computed again
   */
  record Kept(Tensor input, Tensor output, Activations activations) {}

  Scored(
      PackedTokens tokens,
      LayerRows layerRows,
      int[] rows,
      int[] targets,
      float temperature,
      List<Kept> layers,
      Head head,
      Logprobs result) {
    this.tokens = tokens;
    this.layerRows = layerRows;
    this.rows = rows;
    this.targets = targets;
    this.temperature = temperature;
    this.layers = List.copyOf(layers);
    this.head = head;
    this.result = result;
  }

  /** For each given row, the logprob of its target in nats. */
  public float[] logprobs() {
    return result.logprobs();
  }

  /** For each given row, the entropy of the next token's distribution in nats. */
  public float[] entropy() {
    return result.entropy();
  }
}
