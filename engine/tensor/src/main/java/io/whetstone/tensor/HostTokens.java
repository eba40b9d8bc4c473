package io.whetstone.tensor;

import java.util.Arrays;
import java.util.Objects;

/** Drawn tokens of a backend whose draws are finished when they return. */
final class HostTokens implements DrawnTokens {
  /** Closed. */
  static final HostTokens NONE = new HostTokens();

  static {
    NONE.close();
  }

  private int[] tokens = {};
  private float[] logprobs = {};
  private int rows;
  private int vocabulary;
  private boolean closed;

  /** {@link Backend#draw} by {@link Backend#sample}. */
  static void draw(
      Backend backend, Tensor logits, Sampling[] rows, double[] uniforms, DrawnTokens drawn) {
    if (!(drawn instanceof HostTokens own)) {
      throw new IllegalArgumentException("the drawn tokens were made by another backend: " + drawn);
    }
    if (own.closed) {
      throw new IllegalStateException("the drawn tokens are closed");
    }
    int[] tokens = new int[rows.length];
    float[] logprobs = new float[rows.length];
    backend.sample(logits, rows, uniforms, tokens, logprobs);
    own.add(tokens, logprobs, logits.columns());
  }

  private void add(int[] drawn, float[] itsLogprobs, int itsVocabulary) {
    int all = rows + drawn.length;
    if (all > tokens.length) {
      tokens = Arrays.copyOf(tokens, Math.max(all, 2 * rows));
      logprobs = Arrays.copyOf(logprobs, tokens.length);
    }
    System.arraycopy(drawn, 0, tokens, rows, drawn.length);
    System.arraycopy(itsLogprobs, 0, logprobs, rows, drawn.length);
    rows = all;
    vocabulary = Math.max(vocabulary, itsVocabulary);
  }

  @Override
  public int rows() {
    return rows;
  }

  @Override
  public int vocabulary() {
    return vocabulary;
  }

  @Override
  public void reset() {
    rows = 0;
    vocabulary = 0;
  }

  @Override
  public boolean known() {
    return true;
  }

  @Override
  public int token(int row) {
    return tokens[Objects.checkIndex(row, rows)];
  }

  @Override
  public float logprob(int row) {
    return logprobs[Objects.checkIndex(row, rows)];
  }

  @Override
  public void close() {
    closed = true;
    reset();
  }
}
