package io.whetstone.model;

import io.whetstone.model.Parameters.Start;
import io.whetstone.tensor.Backend;
import io.whetstone.tensor.DType;
import io.whetstone.tensor.Linear;
import io.whetstone.tensor.Tensor;
import io.whetstone.tensor.Workspace;

/** The final norm and the matrix that makes logits of it, the embedding table where tied. */
final class OutputHead implements AutoCloseable {
  private final Backend backend;
  private final ModelConfig config;
  private final DType compute;
  private final Parameter norm;
  private final Parameter matrix;
  private final Linear linear;

  OutputHead(
      Backend backend,
      ModelConfig config,
      DType compute,
      Parameters parameters,
      Parameter embedding) {
    this.backend = backend;
    this.config = config;
    this.compute = compute;
    norm = norm(config, parameters);
    matrix = config.tiedEmbeddings() ? embedding : matrix(config, parameters);
    linear = backend.linear(matrix.value(), compute);
  }

  static Parameter norm(ModelConfig config, Parameters parameters) {
    Start start = config.architecture().normOffset() == 1 ? Start.ZEROS : Start.ONES;
    return parameters.vector("model.norm.weight", start, config.hidden());
  }

  static Parameter matrix(ModelConfig config, Parameters parameters) {
    return parameters.matrix("lm_head.weight", Start.NORMAL, config.vocabulary(), config.hidden());
  }

  /** normed = RMSNorm(stream): stream [R, hidden] F32, normed of the compute type. */
  void norm(Tensor stream, Tensor normed, Tensor rstd) {
    backend.rmsNorm(stream, norm.value(), config.epsilon(), offset(), normed, rstd);
  }

  /** Logits [R, vocabulary] of rows after the norm. */
  Tensor logits(Tensor normed, Workspace workspace) {
    Tensor logits = workspace.tensor(DType.F32, normed.rows(), config.vocabulary());
    backend.linearForward(linear, normed, logits, false);
    if (softCap() > 0) {
      backend.softCap(logits, softCap());
    }
    return logits;
  }

  /** Logprobs of {@code targets} after the rows {@code rows} of the stream. */
  Scored.Head score(
      Tensor stream, int[] rows, int[] targets, float temperature, Workspace workspace) {
    int n = rows.length;
    Scored.Head kept =
        new Scored.Head(
            workspace.tensor(DType.F32, n, config.hidden()),
            workspace.tensor(DType.F32, n),
            workspace.tensor(compute, n, config.hidden()),
            workspace.tensor(DType.F32, n),
            workspace.tensor(DType.F32, n),
            workspace.tensor(DType.F32, n));
    backend.gatherRows(stream, rows, kept.stream());
    norm(kept.stream(), kept.normed(), kept.rstd());
    backend.tokenLogprobs(
        linear,
        kept.normed(),
        targets,
        softCap(),
        temperature,
        kept.logprobs(),
        kept.entropy(),
        kept.logSumExp());
    return kept;
  }

  /** Adds ∂L/∂stream to {@code gradient} [T, hidden] and to the weights' gradients. */
  void backward(
      Scored scored, float[] dLogprobs, float[] dEntropy, Tensor gradient, Workspace workspace) {
    Scored.Head kept = scored.head;
    long mark = workspace.mark();
    Tensor dNormed = workspace.tensor(DType.F32, scored.rows.length, config.hidden());
    backend.tokenLogprobsBackward(
        linear,
        kept.normed(),
        scored.targets,
        softCap(),
        scored.temperature,
        kept.entropy(),
        kept.logSumExp(),
        dLogprobs,
        dEntropy,
        dNormed,
        matrix.trained() ? matrix.gradient() : null);
    normBackward(dNormed, kept.stream(), kept.rstd(), scored.rows, gradient, workspace);
    workspace.release(mark);
  }

  /** The rows {@code rows} of the stream after the norm. */
  Hidden.Rows hidden(Tensor stream, int[] rows, Workspace workspace) {
    Hidden.Rows kept =
        new Hidden.Rows(
            workspace.tensor(DType.F32, rows.length, config.hidden()),
            workspace.tensor(DType.F32, rows.length),
            workspace.tensor(compute, rows.length, config.hidden()));
    backend.gatherRows(stream, rows, kept.stream());
    norm(kept.stream(), kept.normed(), kept.rstd());
    return kept;
  }

  /** Adds ∂L/∂stream to {@code gradient} [T, hidden] and to the norm's gradient. */
  void backward(Hidden hidden, Tensor dNormed, Tensor gradient, Workspace workspace) {
    Hidden.Rows kept = hidden.kept;
    long mark = workspace.mark();
    normBackward(dNormed, kept.stream(), kept.rstd(), hidden.rows, gradient, workspace);
    workspace.release(mark);
  }

  private void normBackward(
      Tensor dNormed,
      Tensor stream,
      Tensor rstd,
      int[] rows,
      Tensor gradient,
      Workspace workspace) {
    Tensor dStream = workspace.zeros(DType.F32, rows.length, config.hidden());
    backend.rmsNormBackward(
        dNormed, stream, norm.value(), offset(), rstd, dStream, norm.gradientOrScrap(workspace));
    backend.scatterAddRows(dStream, rows, gradient);
  }

  void weightsChanged() {
    linear.refresh();
  }

  private float softCap() {
    return config.architecture().logitSoftCap();
  }

  private float offset() {
    return config.architecture().normOffset();
  }

  @Override
  public void close() {
    linear.close();
  }
}
