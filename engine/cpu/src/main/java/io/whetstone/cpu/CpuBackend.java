package io.whetstone.cpu;

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
 * The processor's backend: hands every call to its kernel.
 *
 * <p>The kernels work on addresses and check nothing: {@link io.whetstone.tensor.CheckedBackend}
 * stands before it.
 */
final class CpuBackend implements Backend {
  static final String NAME = "cpu";

  private final Workers workers;
  private final Gemm gemm;
  private final QuantizedPanels quantizedPanels;
  private final BlockProducts blockProducts;
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
    FloatTiles products = FloatTiles.forThisMachine();
    blockProducts =
        new BlockProducts(
            workers, BlockTiles.forThisMachine(), new FloatRows(products), gemm.pairRows());
    elementwise = new Elementwise(workers);
    rows = new Rows(workers);
    columns = new Columns(workers);
    rmsNorm = new RmsNorm(workers);
    headNorm = new HeadNorm(workers);
    rope = new Rope(workers);
    gated = new Gated(workers);
    SoftmaxKernel softmax = SoftmaxKernel.forThisMachine();
    attention = new Attention(workers, products, softmax);
    attentionBackward = new AttentionBackward(workers, products, softmax);
    cachedAttention = new CachedAttention(workers, products, softmax);
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
    elementwise.write(to, from);
  }

  @Override
  public void write(Tensor to, int[] from) {
    elementwise.write(to, from);
  }

  @Override
  public void write(Tensor to, MemorySegment blocks) {
    to.memory().copyFrom(blocks);
  }

  @Override
  public void read(Tensor from, MemorySegment blocks) {
    blocks.copyFrom(from.memory());
  }

  @Override
  public float[] readFloats(Tensor from) {
    return elementwise.readFloats(from);
  }

  @Override
  public void copy(Tensor from, Tensor to) {
    elementwise.copy(from, to);
  }

  @Override
  public void fill(Tensor x, float value) {
    elementwise.fill(x, value);
  }

  @Override
  public void add(Tensor x, Tensor y) {
    elementwise.add(x, y);
  }

  @Override
  public void scale(Tensor x, float factor) {
    elementwise.scale(x, factor);
  }

  @Override
  public double sumOfSquares(Tensor x) {
    return elementwise.sumOfSquares(x);
  }

  @Override
  public boolean allFinite(Tensor x) {
    return elementwise.allFinite(x);
  }

  @Override
  public void addColumns(Tensor x, Tensor y, int from) {
    columns.add(x, y, from);
  }

  @Override
  public void takeColumns(Tensor x, int from, Tensor y) {
    columns.take(x, from, y);
  }

  @Override
  public void dropout(Tensor x, double rate, long[] rowKeys, Tensor y) {
    columns.dropout(x, rate, rowKeys, y);
  }

  @Override
  public void gatherRows(Tensor x, int[] rows, Tensor y) {
    this.rows.gatherRows(x, rows, y);
  }

  @Override
  public void scatterAddRows(Tensor dy, int[] rows, Tensor dx) {
    this.rows.scatterAddRows(dy, rows, dx);
  }

  @Override
  public Linear linear(Tensor weight, DType compute) {
    return weight.dtype().quantized()
        ? new QuantizedWeight(weight, compute, quantizedPanels, blockProducts)
        : gemm.weight(weight, compute);
  }

  @Override
  public void linearForward(Linear w, Tensor x, Tensor y, boolean accumulate) {
    Result result = Result.of(y.dtype(), accumulate);
    weight(w).forward(Memory.address(x), x.rows(), Memory.address(y), result);
  }

  @Override
  public void linearBackwardInput(Linear w, Tensor dy, Tensor dx, boolean accumulate) {
    Result result = Result.of(dx.dtype(), accumulate);
    weight(w).backwardInput(Memory.address(dy), dy.rows(), Memory.address(dx), result);
  }

  @Override
  public void linearBackwardWeight(Tensor x, Tensor dy, Tensor dw) {
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
    elementwise.addBias(bias, y);
  }

  @Override
  public void addBiasBackward(Tensor dy, Tensor dBias) {
    elementwise.addBiasBackward(dy, dBias);
  }

  @Override
  public void embedding(int[] ids, Tensor table, Tensor y) {
    rows.embedding(ids, table, y);
  }

  @Override
  public void embeddingBackward(int[] ids, Tensor dy, Tensor dTable) {
    rows.embeddingBackward(ids, dy, dTable);
  }

  @Override
  public void rmsNorm(Tensor x, Tensor weight, float epsilon, float offset, Tensor y, Tensor rstd) {
    rmsNorm.rmsNorm(x, weight, epsilon, offset, y, rstd);
  }

  @Override
  public void rmsNormBackward(
      Tensor dy, Tensor x, Tensor weight, float offset, Tensor rstd, Tensor dx, Tensor dWeight) {
    rmsNorm.rmsNormBackward(dy, x, weight, offset, rstd, dx, dWeight);
  }

  @Override
  public void rope(Tensor fused, Heads heads, int[] positions, Tensor table, boolean inverse) {
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
    attentionBackward.attentionBackward(dOut, fused, heads, segments, form, out, logSumExp, dFused);
  }

  @Override
  public void cacheStore(Tensor fused, Heads heads, KvCache cache, int layer, int[] slots) {
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
    cachedAttention.cachedAttention(fused, heads, cache, layer, rows, form, out);
  }

  @Override
  public void gated(Gate gate, Tensor x, Tensor y) {
    gated.gated(gate, x, y);
  }

  @Override
  public void gatedBackward(Gate gate, Tensor dy, Tensor x, Tensor dx) {
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
    elementwise.softCap(x, cap);
  }

  @Override
  public void sample(
      Tensor logits, Sampling[] rows, double[] uniforms, int[] tokens, float[] logprobs) {
    sampler.sample(logits, rows, uniforms, tokens, logprobs);
  }

  @Override
  public void adamW(Tensor weight, Tensor gradient, Tensor m, Tensor v, AdamWStep step) {
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

  private static Gemm.Weight weight(Linear linear) {
    if (linear instanceof Gemm.Weight weight) {
      return weight;
    }
    throw new IllegalArgumentException("the linear was made by another backend: " + linear);
  }
}
