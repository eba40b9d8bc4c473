package io.whetstone.nd4j;

import static io.whetstone.tensor.DType.F32;
import static io.whetstone.tensor.DType.I32;
import static io.whetstone.tensor.Operands.count;
import static io.whetstone.tensor.Operands.headWeight;
import static io.whetstone.tensor.Operands.indices;
import static io.whetstone.tensor.Operands.matrix;
import static io.whetstone.tensor.Operands.positive;
import static io.whetstone.tensor.Operands.sameSize;
import static io.whetstone.tensor.Operands.type;
import static io.whetstone.tensor.Operands.vector;

import io.whetstone.nd4j.HeadNorm.Columns;
import io.whetstone.tensor.AdamWStep;
import io.whetstone.tensor.AttentionForm;
import io.whetstone.tensor.Backend;
import io.whetstone.tensor.CachedRows;
import io.whetstone.tensor.Capability;
import io.whetstone.tensor.DType;
import io.whetstone.tensor.Gate;
import io.whetstone.tensor.Heads;
import io.whetstone.tensor.KvCache;
import io.whetstone.tensor.Linear;
import io.whetstone.tensor.Sampling;
import io.whetstone.tensor.Segments;
import io.whetstone.tensor.Tensor;
import io.whetstone.tensor.Workspace;
import java.util.Set;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The backend on ND4J: checks every call's shapes, then hands views of the tensors to the kernel,
 * which is its formula in operations on arrays.
 *
 * <p>F32 only, and no promise of bits: ND4J's sums and products depend on the shapes around them.
 * ND4J's number of threads is the process's: the backend opened last decides it.
 */
final class Nd4jBackend implements Backend {
  static final String NAME = "nd4j";

  private final Blocks blocks = new Blocks();
  private final int threads;

  Nd4jBackend(int threads) {
    this.threads = threads;
    setThreads(threads);
  }

  /** The process's number of threads. */
  static void setThreads(int threads) {
    Nd4j.getEnvironment().setMaxThreads(threads);
    Nd4j.factory().blas().setMaxThreads(threads);
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public String description() {
    return "ND4J, %s, %s; %d %s"
        .formatted(
            Nd4j.getBackend().getClass().getSimpleName(),
            Nd4j.factory().blas().getBlasVendor(),
            threads,
            threads == 1 ? "thread" : "threads");
  }

  @Override
  public Set<Capability> capabilities() {
    return Set.of();
  }

  @Override
  public int threads() {
    return threads;
  }

  @Override
  public Workspace workspace(String purpose) {
    return new BlockWorkspace(blocks, purpose);
  }

  @Override
  public KvCache kvCache(int layers, int pages, Heads heads, DType dtype) {
    return new PagedKvCache(layers, pages, heads, dtype);
  }

  @Override
  public void write(Tensor to, float[] from) {
    type("to", to, F32);
    sameSize("to", to, from.length);
    put(to, from);
  }

  /** Blocks hold floats, so an integer is kept as the float of its bits. */
  @Override
  public void write(Tensor to, int[] from) {
    type("to", to, I32);
    sameSize("to", to, from.length);
    float[] bits = new float[from.length];
    for (int i = 0; i < bits.length; i++) {
      bits[i] = Float.intBitsToFloat(from[i]);
    }
    put(to, bits);
  }

  private void put(Tensor to, float[] from) {
    if (from.length > 0) {
      Temporaries.during(() -> blocks.vector(to).assign(Nd4j.createFromArray(from)));
    }
  }

  @Override
  public float[] readFloats(Tensor from) {
    type("from", from, F32);
    return from.size() == 0
        ? new float[0]
        : Temporaries.during(() -> blocks.vector(from).dup().data().asFloat());
  }

  @Override
  public void copy(Tensor from, Tensor to) {
    type("to", to, from.dtype());
    sameSize("to", to, from.size());
    if (from.size() > 0) {
      Temporaries.during(() -> blocks.vector(to).assign(blocks.vector(from)));
    }
  }

  @Override
  public void fill(Tensor x, float value) {
    type("x", x, F32);
    if (x.size() > 0) {
      Temporaries.during(() -> blocks.vector(x).assign(value));
    }
  }

  @Override
  public void add(Tensor x, Tensor y) {
    type("x", x, F32);
    type("y", y, F32);
    sameSize("y", y, x.size());
    if (x.size() > 0) {
      Temporaries.during(() -> blocks.vector(y).addi(blocks.vector(x)));
    }
  }

  @Override
  public void scale(Tensor x, float factor) {
    type("x", x, F32);
    if (x.size() > 0) {
      Temporaries.during(() -> blocks.vector(x).muli(factor));
    }
  }

  @Override
  public double sumOfSquares(Tensor x) {
    type("x", x, F32);
    return x.size() == 0
        ? 0
        : Temporaries.during(
            () -> {
              INDArray wide = blocks.vector(x).castTo(DataType.DOUBLE);
              return wide.muli(wide).sumNumber().doubleValue();
            });
  }

  /** x − x is 0 where x is finite, else NaN. */
  @Override
  public boolean allFinite(Tensor x) {
    type("x", x, F32);
    return x.size() == 0
        || Temporaries.during(
            () -> {
              INDArray vector = blocks.vector(x);
              return vector.sub(vector).sumNumber().doubleValue() == 0;
            });
  }

  @Override
  public void gatherRows(Tensor x, int[] rows, Tensor y) {
    type("x", x, F32);
    matrix("y", y, rows.length, x.columns());
    indices("rows", rows, x.rows());
    if (rows.length > 0) {
      Temporaries.during(() -> blocks.matrix(y).assign(Rows.gather(blocks.matrix(x), rows)));
    }
  }

  @Override
  public void scatterAddRows(Tensor dy, int[] rows, Tensor dx) {
    type("dx", dx, F32);
    matrix("dy", dy, rows.length, dx.columns());
    indices("rows", rows, dx.rows());
    if (rows.length > 0) {
      Temporaries.during(() -> Rows.scatterAdd(blocks.matrix(dy), rows, blocks.matrix(dx)));
    }
  }

  @Override
  public Linear linear(Tensor weight, DType compute) {
    type("weight", weight, F32);
    if (compute != F32) {
      throw new IllegalArgumentException("compute: the backend nd4j has F32, not " + compute);
    }
    if (weight.size() == 0) {
      throw new IllegalArgumentException("weight: expected a row and a column, got " + weight);
    }
    return new MatrixLinear(blocks.matrix(weight));
  }

  @Override
  public void linearForward(Linear w, Tensor x, Tensor y, boolean accumulate) {
    matrix("x", x, x.rows(), w.in());
    matrix("y", y, x.rows(), w.out());
    if (x.size() > 0) {
      Temporaries.during(
          () -> Products.forward(blocks.matrix(x), weight(w), blocks.matrix(y), accumulate));
    }
  }

  @Override
  public void linearBackwardInput(Linear w, Tensor dy, Tensor dx, boolean accumulate) {
    matrix("dy", dy, dy.rows(), w.out());
    matrix("dx", dx, dy.rows(), w.in());
    if (dy.size() > 0) {
      Temporaries.during(
          () ->
              Products.backwardInput(blocks.matrix(dy), weight(w), blocks.matrix(dx), accumulate));
    }
  }

  @Override
  public void linearBackwardWeight(Tensor x, Tensor dy, Tensor dw) {
    type("x", x, F32);
    matrix("dy", dy, x.rows(), dy.columns());
    matrix("dw", dw, dy.columns(), x.columns());
    if (x.size() > 0) {
      Temporaries.during(
          () -> Products.backwardWeight(blocks.matrix(x), blocks.matrix(dy), blocks.matrix(dw)));
    }
  }

  @Override
  public void addBias(Tensor bias, Tensor y) {
    vector("bias", bias, y.columns());
    type("y", y, F32);
    if (y.size() > 0) {
      Temporaries.during(() -> Products.addBias(row(bias), blocks.matrix(y)));
    }
  }

  @Override
  public void addBiasBackward(Tensor dy, Tensor dBias) {
    type("dy", dy, F32);
    vector("dBias", dBias, dy.columns());
    if (dy.size() > 0) {
      Temporaries.during(() -> Products.addBiasBackward(blocks.matrix(dy), row(dBias)));
    }
  }

  @Override
  public void embedding(int[] ids, Tensor table, Tensor y) {
    type("table", table, F32);
    matrix("y", y, ids.length, table.columns());
    indices("ids", ids, table.rows());
    if (ids.length > 0) {
      Temporaries.during(() -> blocks.matrix(y).assign(Rows.gather(blocks.matrix(table), ids)));
    }
  }

  @Override
  public void embeddingBackward(int[] ids, Tensor dy, Tensor dTable) {
    type("dTable", dTable, F32);
    matrix("dy", dy, ids.length, dTable.columns());
    indices("ids", ids, dTable.rows());
    if (ids.length > 0) {
      Temporaries.during(() -> Rows.scatterAdd(blocks.matrix(dy), ids, blocks.matrix(dTable)));
    }
  }

  @Override
  public void rmsNorm(Tensor x, Tensor weight, float epsilon, float offset, Tensor y, Tensor rstd) {
    type("x", x, F32);
    vector("weight", weight, x.columns());
    matrix("y", y, x.rows(), x.columns());
    vector("rstd", rstd, x.rows());
    if (x.size() > 0) {
      Temporaries.during(
          () -> {
            INDArray in = blocks.matrix(x);
            INDArray scale = RmsNorm.rstd(in, epsilon);
            column(rstd).assign(scale);
            blocks.matrix(y).assign(RmsNorm.forward(in, row(weight), offset, scale));
          });
    }
  }

  @Override
  public void rmsNormBackward(
      Tensor dy, Tensor x, Tensor weight, float offset, Tensor rstd, Tensor dx, Tensor dWeight) {
    type("x", x, F32);
    matrix("dy", dy, x.rows(), x.columns());
    vector("weight", weight, x.columns());
    vector("rstd", rstd, x.rows());
    matrix("dx", dx, x.rows(), x.columns());
    vector("dWeight", dWeight, x.columns());
    if (x.size() > 0) {
      Temporaries.during(
          () -> {
            INDArray in = blocks.matrix(x);
            INDArray d = blocks.matrix(dy);
            INDArray scale = column(rstd);
            blocks.matrix(dx).addi(RmsNorm.dx(d, in, row(weight), offset, scale));
            row(dWeight).addi(RmsNorm.dWeight(d, in, scale));
          });
    }
  }

  @Override
  public void headNorm(
      Tensor fused,
      Heads heads,
      Tensor queryWeight,
      Tensor keyWeight,
      float epsilon,
      float offset,
      Tensor normed,
      Tensor rstd) {
    matrix("fused", fused, fused.rows(), heads.fusedColumns());
    headWeight("queryWeight", queryWeight, heads.queries(), heads.size());
    headWeight("keyWeight", keyWeight, heads.keyValues(), heads.size());
    matrix("normed", normed, fused.rows(), heads.fusedColumns());
    int split = Columns.ofQueries(heads).runs(queryWeight.columns());
    int norms = split + Columns.ofKeys(heads).runs(keyWeight.columns());
    matrix("rstd", rstd, fused.rows(), norms);
    if (fused.size() > 0) {
      Temporaries.during(
          () -> {
            INDArray in = blocks.matrix(fused);
            INDArray out = blocks.matrix(normed);
            INDArray scales = blocks.matrix(rstd);
            if (fused.memory().address() != normed.memory().address()) {
              out.assign(in);
            }
            INDArray queries = Part.columns(scales, 0, split);
            INDArray keys = Part.columns(scales, split, norms);
            Columns q = Columns.ofQueries(heads);
            Columns k = Columns.ofKeys(heads);
            HeadNorm.forward(in, q, row(queryWeight), epsilon, offset, out, queries);
            HeadNorm.forward(in, k, row(keyWeight), epsilon, offset, out, keys);
          });
    }
  }

  @Override
  public void headNormBackward(
      Tensor dNormed,
      Tensor fused,
      Heads heads,
      Tensor queryWeight,
      Tensor keyWeight,
      float offset,
      Tensor rstd,
      Tensor dFused,
      Tensor dQueryWeight,
      Tensor dKeyWeight) {
    matrix("dNormed", dNormed, fused.rows(), heads.fusedColumns());
    matrix("fused", fused, fused.rows(), heads.fusedColumns());
    headWeight("queryWeight", queryWeight, heads.queries(), heads.size());
    headWeight("keyWeight", keyWeight, heads.keyValues(), heads.size());
    int split = Columns.ofQueries(heads).runs(queryWeight.columns());
    int norms = split + Columns.ofKeys(heads).runs(keyWeight.columns());
    matrix("rstd", rstd, fused.rows(), norms);
    matrix("dFused", dFused, fused.rows(), heads.fusedColumns());
    vector("dQueryWeight", dQueryWeight, queryWeight.columns());
    vector("dKeyWeight", dKeyWeight, keyWeight.columns());
    if (fused.size() > 0) {
      Temporaries.during(
          () -> {
            INDArray d = blocks.matrix(dNormed);
            INDArray in = blocks.matrix(fused);
            INDArray out = blocks.matrix(dFused);
            INDArray scales = blocks.matrix(rstd);
            if (dNormed.memory().address() != dFused.memory().address()) {
              out.assign(d);
            }
            INDArray queries = Part.columns(scales, 0, split);
            INDArray keys = Part.columns(scales, split, norms);
            Columns q = Columns.ofQueries(heads);
            Columns k = Columns.ofKeys(heads);
            HeadNorm.backward(d, in, q, row(queryWeight), offset, queries, out, row(dQueryWeight));
            HeadNorm.backward(d, in, k, row(keyWeight), offset, keys, out, row(dKeyWeight));
          });
    }
  }

  @Override
  public void rope(Tensor fused, Heads heads, int[] positions, Tensor table, boolean inverse) {
    matrix("fused", fused, positions.length, heads.fusedColumns());
    matrix("table", table, table.rows(), heads.size());
    indices("positions", positions, table.rows());
    if (positions.length > 0) {
      Temporaries.during(
          () -> {
            INDArray rotated =
                Part.of(fused(fused, heads), 1, 0, heads.queries() + heads.keyValues());
            Rope.rotate(rotated, Rows.gather(blocks.matrix(table), positions), inverse);
          });
    }
  }

  @Override
  public void attention(
      Tensor fused,
      Heads heads,
      Segments segments,
      AttentionForm form,
      Tensor out,
      Tensor logSumExp) {
    matrix("fused", fused, segments.rows(), heads.fusedColumns());
    matrix("out", out, segments.rows(), heads.outputColumns());
    matrix("logSumExp", logSumExp, segments.rows(), heads.queries());
    if (segments.rows() > 0) {
      Temporaries.during(
          () ->
              new Attention(heads, segments, form)
                  .forward(fused(fused, heads), output(out, heads), blocks.matrix(logSumExp)));
    }
  }

  @Override
  public void attentionBackward(
      Tensor dOut,
      Tensor fused,
      Heads heads,
      Segments segments,
      AttentionForm form,
      Tensor out,
      Tensor logSumExp,
      Tensor dFused) {
    matrix("dOut", dOut, segments.rows(), heads.outputColumns());
    matrix("fused", fused, segments.rows(), heads.fusedColumns());
    matrix("out", out, segments.rows(), heads.outputColumns());
    matrix("logSumExp", logSumExp, segments.rows(), heads.queries());
    matrix("dFused", dFused, segments.rows(), heads.fusedColumns());
    if (segments.rows() > 0) {
      Temporaries.during(
          () ->
              new Attention(heads, segments, form)
                  .backward(
                      output(dOut, heads),
                      fused(fused, heads),
                      output(out, heads),
                      blocks.matrix(logSumExp),
                      fused(dFused, heads)));
    }
  }

  @Override
  public void cacheStore(Tensor fused, Heads heads, KvCache cache, int layer, int[] slots) {
    matrix("fused", fused, slots.length, heads.fusedColumns());
    INDArray to = cache(cache).layer(layer, heads);
    indices("slots", slots, cache.pages() * cache.pageSize());
    if (slots.length > 0) {
      Temporaries.during(
          () ->
              Rows.scatter(
                  Part.columns(blocks.matrix(fused), heads.outputColumns(), heads.fusedColumns()),
                  slots,
                  to));
    }
  }

  @Override
  public void cachedAttention(
      Tensor fused,
      Heads heads,
      KvCache cache,
      int layer,
      CachedRows rows,
      AttentionForm form,
      Tensor out) {
    matrix("fused", fused, rows.rows(), heads.fusedColumns());
    matrix("out", out, rows.rows(), heads.outputColumns());
    INDArray stored = cache(cache).layer(layer, heads);
    CachedAttention attention = new CachedAttention(heads, cache(cache), rows, form);
    if (rows.rows() > 0) {
      Temporaries.during(() -> attention.attend(fused(fused, heads), stored, output(out, heads)));
    }
  }

  @Override
  public void gated(Gate gate, Tensor x, Tensor y) {
    matrix("x", x, y.rows(), 2 * y.columns());
    type("y", y, F32);
    if (y.size() > 0) {
      Temporaries.during(
          () -> {
            INDArray gates = gates(x);
            blocks.matrix(y).assign(Gated.activation(gate, gates).muli(ups(x)));
          });
    }
  }

  @Override
  public void gatedBackward(Gate gate, Tensor dy, Tensor x, Tensor dx) {
    type("dy", dy, F32);
    matrix("x", x, dy.rows(), 2 * dy.columns());
    matrix("dx", dx, dy.rows(), 2 * dy.columns());
    if (dy.size() > 0) {
      Temporaries.during(
          () -> {
            INDArray d = blocks.matrix(dy);
            INDArray gates = gates(x);
            INDArray dGates = Gated.slope(gate, gates).muli(ups(x)).muli(d);
            INDArray dUps = Gated.activation(gate, gates).muli(d);
            gates(dx).assign(dGates);
            ups(dx).assign(dUps);
          });
    }
  }

  @Override
  public void tokenLogprobs(
      Linear head,
      Tensor x,
      int[] targets,
      float softCap,
      float temperature,
      Tensor logprobs,
      Tensor entropy,
      Tensor logSumExp) {
    matrix("x", x, targets.length, head.in());
    indices("targets", targets, head.out());
    positive("temperature", temperature);
    cap(softCap);
    vector("logprobs", logprobs, targets.length);
    vector("entropy", entropy, targets.length);
    vector("logSumExp", logSumExp, targets.length);
    if (targets.length > 0) {
      Temporaries.during(
          () ->
              new TokenLogprobs(weight(head), targets, softCap, temperature)
                  .forward(blocks.matrix(x), column(logprobs), column(entropy), column(logSumExp)));
    }
  }

  @Override
  public void tokenLogprobsBackward(
      Linear head,
      Tensor x,
      int[] targets,
      float softCap,
      float temperature,
      Tensor entropy,
      Tensor logSumExp,
      float[] dLogprobs,
      float[] dEntropy,
      Tensor dx,
      Tensor dHead) {
    matrix("x", x, targets.length, head.in());
    indices("targets", targets, head.out());
    positive("temperature", temperature);
    cap(softCap);
    vector("entropy", entropy, targets.length);
    vector("logSumExp", logSumExp, targets.length);
    count("dLogprobs", dLogprobs.length, targets.length);
    count("dEntropy", dEntropy.length, targets.length);
    matrix("dx", dx, targets.length, head.in());
    if (dHead != null) {
      matrix("dHead", dHead, head.out(), head.in());
    }
    if (targets.length > 0) {
      Temporaries.during(
          () ->
              new TokenLogprobs(weight(head), targets, softCap, temperature)
                  .backward(
                      blocks.matrix(x),
                      column(entropy),
                      column(logSumExp),
                      dLogprobs,
                      dEntropy,
                      blocks.matrix(dx),
                      dHead == null ? null : blocks.matrix(dHead)));
    }
  }

  @Override
  public void softCap(Tensor x, float cap) {
    type("x", x, F32);
    positive("cap", cap);
    if (x.size() > 0) {
      Temporaries.during(() -> Softmax.cap(blocks.vector(x), cap));
    }
  }

  @Override
  public void sample(
      Tensor logits, Sampling[] rows, double[] uniforms, int[] tokens, float[] logprobs) {
    matrix("logits", logits, rows.length, logits.columns());
    count("uniforms", uniforms.length, rows.length);
    count("tokens", tokens.length, rows.length);
    count("logprobs", logprobs.length, rows.length);
    for (int r = 0; r < rows.length; r++) {
      indices("suppressed", rows[r].suppressed(), logits.columns());
      if (!(uniforms[r] >= 0 && uniforms[r] < 1)) {
        throw new IllegalArgumentException("uniforms: " + uniforms[r] + " is not in [0, 1)");
      }
    }
    for (int r = 0; r < rows.length; r++) {
      TokenSampler row = new TokenSampler(readFloats(logits.rows(r, r + 1)), rows[r]);
      tokens[r] = row.draw(uniforms[r]);
      logprobs[r] = row.logprob(tokens[r]);
      if (!Float.isFinite(logprobs[r])) {
        throw new IllegalArgumentException("logits: row " + r + " is not finite");
      }
    }
  }

  @Override
  public void adamW(Tensor weight, Tensor gradient, Tensor m, Tensor v, AdamWStep step) {
    type("weight", weight, F32);
    type("gradient", gradient, F32);
    type("m", m, F32);
    type("v", v, F32);
    sameSize("gradient", gradient, weight.size());
    sameSize("m", m, weight.size());
    sameSize("v", v, weight.size());
    if (weight.size() > 0) {
      Temporaries.during(
          () ->
              AdamW.step(
                  blocks.vector(weight),
                  blocks.vector(gradient),
                  blocks.vector(m),
                  blocks.vector(v),
                  step));
    }
  }

  /** Workspaces and caches are closed by their makers; there is nothing else. */
  @Override
  public void close() {}

  private INDArray row(Tensor vector) {
    return blocks.view(vector, 1, vector.size());
  }

  private INDArray column(Tensor vector) {
    return blocks.view(vector, vector.size(), 1);
  }

  /** Fused rows by head: [T, queries + 2 keyValues, size]. */
  private INDArray fused(Tensor rows, Heads heads) {
    return blocks.view(rows, rows.rows(), heads.fusedColumns() / heads.size(), heads.size());
  }

  /** Attention's output by head: [T, queries, size]. */
  private INDArray output(Tensor rows, Heads heads) {
    return blocks.view(rows, rows.rows(), heads.queries(), heads.size());
  }

  private INDArray gates(Tensor x) {
    return Part.columns(blocks.matrix(x), 0, x.columns() / 2);
  }

  private INDArray ups(Tensor x) {
    return Part.columns(blocks.matrix(x), x.columns() / 2, x.columns());
  }

  private static void cap(float softCap) {
    if (softCap != 0) {
      positive("softCap", softCap);
    }
  }

  private static INDArray weight(Linear linear) {
    if (linear instanceof MatrixLinear matrix) {
      return matrix.weight();
    }
    throw new IllegalArgumentException("the linear was made by another backend: " + linear);
  }

  private static PagedKvCache cache(KvCache cache) {
    if (cache instanceof PagedKvCache paged) {
      return paged;
    }
    throw new IllegalArgumentException("the cache was made by another backend: " + cache);
  }
}
