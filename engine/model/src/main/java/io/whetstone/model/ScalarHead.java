package io.whetstone.model;

import io.whetstone.tensor.Backend;
import io.whetstone.tensor.DType;
import io.whetstone.tensor.Philox;
import io.whetstone.tensor.Tensor;
import io.whetstone.tensor.Workspace;

/**
 * One number for a hidden state: {@code score = normed · w}, without a bias, as the head of
 * transformers' sequence classification with one label. Reward models put it on a completion's last
 * token, or on each step's.
 *
 * <p>A row costs one product of {@code hidden} numbers, so it is made on the host, in double
 * precision, column after column: its bits depend on the row alone, whatever the backend and
 * whatever shares the batch.
 */
public final class ScalarHead implements AutoCloseable {
  /** The head's weight in a model's files. */
  public static final String NAME = "score.weight";

  private final Backend backend;
  private final Workspace memory;
  private final Parameter weight;

  /** A head whose weight is zero; with a gradient only where {@code trainable}. */
  public ScalarHead(Backend backend, int hidden, boolean trainable) {
    this.backend = backend;
    memory = backend.workspace("scalar head");
    Tensor value = memory.zeros(DType.F32, 1, hidden);
    Tensor gradient = trainable ? memory.zeros(DType.F32, 1, hidden) : null;
    weight = new Parameter(NAME, value, gradient, true);
  }

  /** The weight [1, hidden] and its gradient. */
  public Parameter parameter() {
    return weight;
  }

  /** Draws a new weight, normal; number i depends on the seed and i only. */
  public void initialise(long seed, double deviation) {
    float[] numbers = new float[weight.value().columns()];
    for (int i = 0; i < numbers.length; i++) {
      numbers[i] = (float) (deviation * Philox.normal(seed, i));
    }
    backend.write(weight.value(), numbers);
  }

  /**
   * The scores of hidden states.
   *
   * @param normed [R, hidden], F32 or BF16: {@link Hidden#normed} or {@link
   *     Transformer#evaluateHidden}
   * @return R scores
   */
  public double[] scores(Tensor normed) {
    float[] w = backend.readFloats(weight.value());
    float[] x = backend.readFloats(normed);
    double[] scores = new double[normed.rows()];
    for (int r = 0; r < scores.length; r++) {
      double sum = 0;
      for (int c = 0; c < w.length; c++) {
        sum += (double) x[r * w.length + c] * w[c];
      }
      scores[r] = sum;
    }
    return scores;
  }

  /**
   * The backward of {@link #scores}: ∂L/∂w[c] += Σ_r dScores[r] · normed[r, c].
   *
   * @param dScores R slopes ∂L/∂score
   * @return ∂L/∂normed[r, c] = dScores[r] · w[c]: [R, hidden] F32 in {@code workspace}
   */
  public Tensor backward(Tensor normed, double[] dScores, Workspace workspace) {
    float[] w = backend.readFloats(weight.value());
    float[] x = backend.readFloats(normed);
    if (dScores.length != normed.rows()) {
      throw new IllegalArgumentException(
          "dScores: got " + dScores.length + " entries, expected " + normed.rows());
    }
    double[] dw = new double[w.length];
    float[] dx = new float[x.length];
    for (int r = 0; r < dScores.length; r++) {
      for (int c = 0; c < w.length; c++) {
        dw[c] += dScores[r] * x[r * w.length + c];
        dx[r * w.length + c] = (float) (dScores[r] * w[c]);
      }
    }
    float[] sum = backend.readFloats(weight.gradient());
    for (int c = 0; c < w.length; c++) {
      sum[c] += (float) dw[c];
    }
    backend.write(weight.gradient(), sum);
    Tensor dNormed = workspace.tensor(DType.F32, dScores.length, w.length);
    backend.write(dNormed, dx);
    return dNormed;
  }

  @Override
  public void close() {
    memory.close();
  }
}
