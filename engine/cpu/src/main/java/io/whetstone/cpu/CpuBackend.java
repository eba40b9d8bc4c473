package io.whetstone.cpu;

import static io.whetstone.tensor.DType.BF16;
import static io.whetstone.tensor.DType.F32;
import static io.whetstone.tensor.DType.I32;
import static io.whetstone.tensor.Operands.block;
import static io.whetstone.tensor.Operands.count;
import static io.whetstone.tensor.Operands.floats;
import static io.whetstone.tensor.Operands.headWeight;
import static io.whetstone.tensor.Operands.ids;
import static io.whetstone.tensor.Operands.matrix;
import static io.whetstone.tensor.Operands.numbers;
import static io.whetstone.tensor.Operands.positive;
import static io.whetstone.tensor.Operands.result;
import static io.whetstone.tensor.Operands.sameSize;
import static io.whetstone.tensor.Operands.type;
import static io.whetstone.tensor.Operands.vector;

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
import java.lang.foreign.MemorySegment;
import java.util.Set;

/**
 * The processor's backend: checks every call's shapes, then hands it to the kernel.
 *
 * <p>The kernels work on addresses and check nothing, so a shape that passes here wrongly corrupts
 * memory.
 */
final class CpuBackend implements Backend {
  static final String NAME = "cpu";

  private final Workers workers;
  private final Gemm gemm;
  private final QuantizedPanels quantizedPanels;
  private final Elementwise elementwise;
  private final Rows rows;
  private final Columns columns;
  private final RmsNorm rmsNorm;
  private final HeadNorm headNorm;
  private final Rope rope;
  private final Gated gated;
  private final Attention attention;
  private final AttentionBackward attentionBackward;
  private final CachedAttention cachedAttention;
  private final TokenLogprobs tokenLogprobs;
  private final TokenSampler sampler;
  private final AdamW adamW;
  private boolean closed;

  /**
   * Takes {@code workers}.
   *
   * @param gemm makes the matrix products
   */
  CpuBackend(Workers workers, Gemm gemm) {
    this.workers = workers;
    this.gemm = gemm;
    quantizedPanels = new QuantizedPanels(workers, gemm);
    elementwise = new Elementwise(workers);
    rows = new Rows(workers);
    columns = new Columns(workers);
    rmsNorm = new RmsNorm(workers);
    headNorm = new HeadNorm(workers);
    rope = new Rope(workers);
    gated = new Gated(workers);
    attention = new Attention(workers);
    attentionBackward = new AttentionBackward(workers);
    cachedAttention = new CachedAttention(workers);
    tokenLogprobs = new TokenLogprobs(workers, gemm);
    sampler = new TokenSampler(workers);
    adamW = new AdamW(workers);
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public String description() {
    return "%s; %d-bit vectors; %d %s"
        .formatted(
            gemm.description(),
            Memory.LANES * Float.SIZE,
            threads(),
            threads() == 1 ? "thread" : "threads");
  }

  @Override
  public Set<Capability> capabilities() {
    return Set.of(Capability.EXACT, Capability.BF16, Capability.QUANTIZED);
  }

  @Override
  public int threads() {
    return workers.threads();
  }

  @Override
  public Workspace workspace(String purpose) {
    return new NativeWorkspace(purpose);
  }

  @Override
  public KvCache kvCache(int layers, int pages, Heads heads, DType dtype) {
    return new PagedKvCache(layers, pages, heads, dtype);
  }

  @Override
  public void write(Tensor to, float[] from) {
    numbers("to", to);
    sameSize("to", to, from.length);
    elementwise.write(to, from);
  }

  @Override
  public void write(Tensor to, int[] from) {
    type("to", to, I32);
    sameSize("to", to, from.length);
    elementwise.write(to, from);
  }

  @Override
  public void write(Tensor to, MemorySegment blocks) {
    if (!to.dtype().quantized() || blocks.byteSize() != to.memory().byteSize()) {
      throw new IllegalArgumentException(
          "to: expected the quantised tensor of " + blocks.byteSize() + " bytes, got " + to);
    }
    to.memory().copyFrom(blocks);
  }

  @Override
  public float[] readFloats(Tensor from) {
    numbers("from", from);
    return elementwise.readFloats(from);
  }

  @Override
  public void copy(Tensor from, Tensor to) {
    if (from.dtype() != to.dtype()) {
      floats("from", from);
      floats("to", to);
    }
    sameSize("to", to, from.size());
    elementwise.copy(from, to);
  }

  @Override
  public void fill(Tensor x, float value) {
    elementwise.fill(x, value);
  }

  @Override
  public void add(Tensor x, Tensor y) {
    type("x", x, F32);
    type("y", y, F32);
    sameSize("y", y, x.size());
    elementwise.add(x, y);
  }

  @Override
  public void scale(Tensor x, float factor) {
    type("x", x, F32);
    elementwise.scale(x, factor);
  }

  @Override
  public double sumOfSquares(Tensor x) {
    type("x", x, F32);
    return elementwise.sumOfSquares(x);
  }

  @Override
  public boolean allFinite(Tensor x) {
    type("x", x, F32);
    return elementwise.allFinite(x);
  }

  @Override
  public void addColumns(Tensor x, Tensor y, int from) {
    type("x", x, F32);
    floats("y", y);
    block("x", x, "y", y, from);
    columns.add(x, y, from);
  }

  @Override
  public void takeColumns(Tensor x, int from, Tensor y) {
    floats("x", x);
    type("y", y, x.dtype());
    block("y", y, "x", x, from);
    columns.take(x, from, y);
  }

  @Override
  public void dropout(Tensor x, double rate, long[] rowKeys, Tensor y) {
    floats("x", x);
    matrix("x", x, x.dtype(), rowKeys.length, x.columns());
    matrix("y", y, x.dtype(), rowKeys.length, x.columns());
    columns.dropout(x, rate, rowKeys, y);
  }

  @Override
  public void gatherRows(Tensor x, int[] rows, Tensor y) {
    floats("x", x);
    matrix("y", y, x.dtype(), rows.length, x.columns());
    this.rows.gatherRows(x, rows, y);
  }

  @Override
  public void scatterAddRows(Tensor dy, int[] rows, Tensor dx) {
    type("dx", dx, F32);
    matrix("dy", dy, rows.length, dx.columns());
    this.rows.scatterAddRows(dy, rows, dx);
  }

  @Override
  public Linear linear(Tensor weight, DType compute) {
    numbers("weight", weight);
    if (compute != F32 && compute != BF16) {
      throw new IllegalArgumentException("compute: expected F32 or BF16, got " + compute);
    }
    if (weight.size() == 0) {
      throw new IllegalArgumentException("weight: expected a row and a column, got " + weight);
    }
    return weight.dtype().quantized()
        ? new QuantizedWeight(weight, compute, quantizedPanels)
        : gemm.weight(weight, compute);
  }

  @Override
  public void linearForward(Linear w, Tensor x, Tensor y, boolean accumulate) {
    matrix("x", x, w.dtype(), x.rows(), w.in());
    result("y", y, w.dtype(), x.rows(), w.out(), accumulate);
    Result result = Result.of(y.dtype(), accumulate);
    weight(w).forward(Memory.address(x), x.rows(), Memory.address(y), result);
  }

  @Override
  public void linearBackwardInput(Linear w, Tensor dy, Tensor dx, boolean accumulate) {
    matrix("dy", dy, w.dtype(), dy.rows(), w.out());
    result("dx", dx, w.dtype(), dy.rows(), w.in(), accumulate);
    Result result = Result.of(dx.dtype(), accumulate);
    weight(w).backwardInput(Memory.address(dy), dy.rows(), Memory.address(dx), result);
  }

  @Override
  public void linearBackwardWeight(Tensor x, Tensor dy, Tensor dw) {
    floats("x", x);
    matrix("dy", dy, x.dtype(), x.rows(), dy.columns());
    matrix("dw", dw, dy.columns(), x.columns());
    gemm.backwardWeight(
        x.dtype(),
        Memory.address(x),
        Memory.address(dy),
        x.rows(),
        x.columns(),
        dy.columns(),
        Memory.address(dw));
  }

  @Override
  public void addBias(Tensor bias, Tensor y) {
    vector("bias", bias, y.columns());
    floats("y", y);
    elementwise.addBias(bias, y);
  }

  @Override
  public void addBiasBackward(Tensor dy, Tensor dBias) {
    floats("dy", dy);
    vector("dBias", dBias, dy.columns());
    elementwise.addBiasBackward(dy, dBias);
  }

  @Override
  public void embedding(int[] ids, Tensor table, Tensor y) {
    numbers("table", table);
    matrix("y", y, ids.length, table.columns());
    rows.embedding(ids, table, y);
  }

  @Override
  public void embeddingBackward(int[] ids, Tensor dy, Tensor dTable) {
    type("dTable", dTable, F32);
    matrix("dy", dy, ids.length, dTable.columns());
    rows.embeddingBackward(ids, dy, dTable);
  }

  @Override
  public void rmsNorm(Tensor x, Tensor weight, float epsilon, float offset, Tensor y, Tensor rstd) {
    type("x", x, F32);
    vector("weight", weight, x.columns());
    floats("y", y);
    matrix("y", y, y.dtype(), x.rows(), x.columns());
    vector("rstd", rstd, x.rows());
    rmsNorm.rmsNorm(x, weight, epsilon, offset, y, rstd);
  }

  @Override
  public void rmsNormBackward(
      Tensor dy, Tensor x, Tensor weight, float offset, Tensor rstd, Tensor dx, Tensor dWeight) {
    type("x", x, F32);
    floats("dy", dy);
    matrix("dy", dy, dy.dtype(), x.rows(), x.columns());
    vector("weight", weight, x.columns());
    vector("rstd", rstd, x.rows());
    matrix("dx", dx, x.rows(), x.columns());
    vector("dWeight", dWeight, x.columns());
    rmsNorm.rmsNormBackward(dy, x, weight, offset, rstd, dx, dWeight);
  }

  @Override
  public void rope(Tensor fused, Heads heads, int[] positions, Tensor table, boolean inverse) {
    floats("fused", fused);
    matrix("fused", fused, fused.dtype(), positions.length, heads.fusedColumns());
    matrix("table", table, table.rows(), heads.size());
    rope.rope(fused, heads, positions, table, inverse);
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
    floats("fused", fused);
    matrix("fused", fused, fused.dtype(), fused.rows(), heads.fusedColumns());
    headWeight("queryWeight", queryWeight, heads.queries(), heads.size());
    headWeight("keyWeight", keyWeight, heads.keyValues(), heads.size());
    matrix("normed", normed, fused.dtype(), fused.rows(), heads.fusedColumns());
    matrix("rstd", rstd, fused.rows(), HeadNorm.norms(heads, queryWeight, keyWeight));
    headNorm.headNorm(fused, heads, queryWeight, keyWeight, epsilon, offset, normed, rstd);
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
    floats("fused", fused);
    matrix("dNormed", dNormed, fused.dtype(), fused.rows(), heads.fusedColumns());
    matrix("fused", fused, fused.dtype(), fused.rows(), heads.fusedColumns());
    headWeight("queryWeight", queryWeight, heads.queries(), heads.size());
    headWeight("keyWeight", keyWeight, heads.keyValues(), heads.size());
    matrix("rstd", rstd, fused.rows(), HeadNorm.norms(heads, queryWeight, keyWeight));
    matrix("dFused", dFused, fused.dtype(), fused.rows(), heads.fusedColumns());
    vector("dQueryWeight", dQueryWeight, queryWeight.columns());
    vector("dKeyWeight", dKeyWeight, keyWeight.columns());
    headNorm.headNormBackward(
        dNormed,
        fused,
        heads,
        queryWeight,
        keyWeight,
        offset,
        rstd,
        dFused,
        dQueryWeight,
        dKeyWeight);
  }

  @Override
  public void attention(
      Tensor fused,
      Heads heads,
      Segments segments,
      AttentionForm form,
      Tensor out,
      Tensor logSumExp) {
    floats("fused", fused);
    matrix("fused", fused, fused.dtype(), segments.rows(), heads.fusedColumns());
    matrix("out", out, fused.dtype(), segments.rows(), heads.outputColumns());
    matrix("logSumExp", logSumExp, segments.rows(), heads.queries());
    attention.attention(fused, heads, segments, form, out, logSumExp);
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
    floats("fused", fused);
    matrix("dOut", dOut, fused.dtype(), segments.rows(), heads.outputColumns());
    matrix("fused", fused, fused.dtype(), segments.rows(), heads.fusedColumns());
    matrix("out", out, fused.dtype(), segments.rows(), heads.outputColumns());
    matrix("logSumExp", logSumExp, segments.rows(), heads.queries());
    matrix("dFused", dFused, fused.dtype(), segments.rows(), heads.fusedColumns());
    attentionBackward.attentionBackward(dOut, fused, heads, segments, form, out, logSumExp, dFused);
  }

  @Override
  public void cacheStore(Tensor fused, Heads heads, KvCache cache, int layer, int[] slots) {
    floats("fused", fused);
    matrix("fused", fused, fused.dtype(), slots.length, heads.fusedColumns());
    cachedAttention.cacheStore(fused, heads, cache, layer, slots);
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
    floats("fused", fused);
    matrix("fused", fused, fused.dtype(), rows.rows(), heads.fusedColumns());
    matrix("out", out, fused.dtype(), rows.rows(), heads.outputColumns());
    cachedAttention.cachedAttention(fused, heads, cache, layer, rows, form, out);
  }

  @Override
  public void gated(Gate gate, Tensor x, Tensor y) {
    floats("y", y);
    matrix("x", x, y.dtype(), y.rows(), 2 * y.columns());
    gated.gated(gate, x, y);
  }

  @Override
  public void gatedBackward(Gate gate, Tensor dy, Tensor x, Tensor dx) {
    floats("dy", dy);
    matrix("x", x, dy.dtype(), dy.rows(), 2 * dy.columns());
    matrix("dx", dx, dy.dtype(), dy.rows(), 2 * dy.columns());
    gated.gatedBackward(gate, dy, x, dx);
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
    matrix("x", x, head.dtype(), targets.length, head.in());
    ids("targets", targets, head.out());
    positive("temperature", temperature);
    cap(softCap);
    vector("logprobs", logprobs, targets.length);
    vector("entropy", entropy, targets.length);
    vector("logSumExp", logSumExp, targets.length);
    tokenLogprobs.tokenLogprobs(
        weight(head), x, targets, softCap, temperature, logprobs, entropy, logSumExp);
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
    matrix("x", x, head.dtype(), targets.length, head.in());
    ids("targets", targets, head.out());
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
    tokenLogprobs.tokenLogprobsBackward(
        weight(head),
        x,
        targets,
        softCap,
        temperature,
        entropy,
        logSumExp,
        dLogprobs,
        dEntropy,
        dx,
        dHead);
  }

  @Override
  public void softCap(Tensor x, float cap) {
    type("x", x, F32);
    positive("cap", cap);
    elementwise.softCap(x, cap);
  }

  @Override
  public void sample(
      Tensor logits, Sampling[] rows, double[] uniforms, int[] tokens, float[] logprobs) {
    matrix("logits", logits, rows.length, logits.columns());
    count("uniforms", uniforms.length, rows.length);
    count("tokens", tokens.length, rows.length);
    count("logprobs", logprobs.length, rows.length);
    for (int r = 0; r < rows.length; r++) {
      ids("suppressed", rows[r].suppressed(), logits.columns());
      if (!(uniforms[r] >= 0 && uniforms[r] < 1)) {
        throw new IllegalArgumentException("uniforms: " + uniforms[r] + " is not in [0, 1)");
      }
    }
    sampler.sample(logits, rows, uniforms, tokens, logprobs);
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
    adamW.adamW(weight, gradient, m, v, step);
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      quantizedPanels.close();
      gemm.close();
      workers.close();
    }
  }

  private static void cap(float softCap) {
    if (softCap != 0) {
      positive("softCap", softCap);
    }
  }

  private static Gemm.Weight weight(Linear linear) {
    if (linear instanceof Gemm.Weight weight) {
      return weight;
    }
    throw new IllegalArgumentException("the linear was made by another backend: " + linear);
  }
}
