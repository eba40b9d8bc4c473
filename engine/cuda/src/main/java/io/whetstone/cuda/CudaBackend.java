package io.whetstone.cuda;

import io.whetstone.tensor.AdamWStep;
import io.whetstone.tensor.AttentionForm;
import io.whetstone.tensor.Backend;
import io.whetstone.tensor.CachedRows;
import io.whetstone.tensor.Capability;
import io.whetstone.tensor.DType;
import io.whetstone.tensor.DeviceRoom;
import io.whetstone.tensor.DrawnTokens;
import io.whetstone.tensor.Gate;
import io.whetstone.tensor.Heads;
import io.whetstone.tensor.KvCache;
import io.whetstone.tensor.Linear;
import io.whetstone.tensor.Sampling;
import io.whetstone.tensor.Segments;
import io.whetstone.tensor.Tensor;
import io.whetstone.tensor.Workspace;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.Set;

/**
 * The backend on an NVIDIA GPU: each method hands its operands to the class that launches its
 * kernel. Operands are checked before they get here.
 */
final class CudaBackend implements Backend {
  static final String NAME = "cuda";

  private final Gpu gpu;
  private final int threads;
  private Set<String> offloaded = Set.of();
  private boolean closed;

  // ---- products
  private final Products products;

  // ---- rows of numbers
  private final HostCopies hostCopies;
  private final Elementwise elementwise;
  private final Reductions reductions;
  private final RowKernels rowKernels;
  private final Norms norms;
  private final Rope rope;
  private final Gates gates;
  private final Optimizer optimizer;

  // ---- attention, head and sampling
  private final PackedAttention packedAttention;
  private final CachedAttention cachedAttention;
  private final TokenLogprobs tokenLogprobs;
  private final TokenSampler tokenSampler;

  /**
   * @param threads what the caller asked for; the GPU does the work
   */
  CudaBackend(Gpu gpu, int threads) {
    this.gpu = gpu;
    this.threads = threads;

    // ---- rows of numbers
    ColumnSums columnSums = new ColumnSums(gpu);
    hostCopies = new HostCopies(gpu);
    elementwise = new Elementwise(gpu);
    reductions = new Reductions(gpu);
    QuantizedWeights quantized = new QuantizedWeights(gpu);
    rowKernels = new RowKernels(gpu, quantized, columnSums);
    norms = new Norms(gpu, rowKernels, columnSums);
    rope = new Rope(gpu);
    gates = new Gates(gpu);
    optimizer = new Optimizer(gpu);

    // ---- products
    products = new Products(gpu, elementwise, quantized);

    // ---- attention, head and sampling
    packedAttention = new PackedAttention(gpu);
    cachedAttention = new CachedAttention(gpu);
    tokenLogprobs = new TokenLogprobs(gpu, products);
    tokenSampler = new TokenSampler(gpu);
  }

  private static CudaLinear linear(Linear linear) {
    if (linear instanceof CudaLinear own) {
      return own;
    }
    throw new IllegalArgumentException("the linear was made by another backend: " + linear);
  }

  private static CudaTokens tokens(DrawnTokens drawn) {
    if (drawn instanceof CudaTokens own) {
      return own;
    }
    throw new IllegalArgumentException("the drawn tokens were made by another backend: " + drawn);
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public String description() {
    return gpu.description();
  }

  @Override
  public Set<Capability> capabilities() {
    return Set.of(Capability.EXACT, Capability.BF16, Capability.QUANTIZED);
  }

  @Override
  public int threads() {
    return threads;
  }

  @Override
  public Workspace workspace(String purpose) {
    return new CudaWorkspace(gpu, purpose, offloaded.contains(purpose));
  }

  @Override
  public void offload(Set<String> purposes) {
    offloaded = Set.copyOf(purposes);
  }

  @Override
  public Optional<DeviceRoom> deviceRoom() {
    gpu.queue().enter();
    return Optional.of(gpu.memory().room());
  }

  @Override
  public KvCache kvCache(int layers, int pages, Heads heads, DType dtype) {
    return new CudaKvCache(gpu, layers, pages, heads, dtype);
  }

  @Override
  public void write(Tensor to, float[] from) {
    hostCopies.write(to, from);
  }

  @Override
  public void write(Tensor to, MemorySegment blocks) {
    hostCopies.write(to, blocks);
  }

  @Override
  public void read(Tensor from, MemorySegment blocks) {
    hostCopies.read(from, blocks);
  }

  @Override
  public void write(Tensor to, int[] from) {
    hostCopies.write(to, from);
  }

  @Override
  public float[] readFloats(Tensor from) {
    return hostCopies.readFloats(from);
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
    return reductions.sumOfSquares(x);
  }

  @Override
  public boolean allFinite(Tensor x) {
    return reductions.allFinite(x);
  }

  @Override
  public void addColumns(Tensor x, Tensor y, int from) {
    rowKernels.addColumns(x, y, from);
  }

  @Override
  public void takeColumns(Tensor x, int from, Tensor y) {
    rowKernels.takeColumns(x, from, y);
  }

  @Override
  public void dropout(Tensor x, double rate, long[] rowKeys, Tensor y) {
    rowKernels.dropout(x, rate, rowKeys, y);
  }

  @Override
  public void gatherRows(Tensor x, int[] rows, Tensor y) {
    rowKernels.gatherRows(x, rows, y);
  }

  @Override
  public void scatterAddRows(Tensor dy, int[] rows, Tensor dx) {
    rowKernels.scatterAddRows(dy, rows, dx);
  }

  @Override
  public Linear linear(Tensor weight, DType compute) {
    return products.linear(weight, compute);
  }

  @Override
  public void linearForward(Linear w, Tensor x, Tensor y, boolean accumulate) {
    products.forward(
        linear(w),
        DeviceMemory.address(x),
        x.rows(),
        0,
        w.out(),
        DeviceMemory.address(y),
        y.dtype(),
        accumulate);
  }

  @Override
  public void linearBackwardInput(Linear w, Tensor dy, Tensor dx, boolean accumulate) {
    products.backwardInput(
        linear(w),
        0,
        w.out(),
        DeviceMemory.address(dy),
        dy.rows(),
        DeviceMemory.address(dx),
        dx.dtype(),
        accumulate);
  }

  @Override
  public void linearBackwardWeight(Tensor x, Tensor dy, Tensor dw) {
    products.backwardWeight(
        x.dtype(),
        DeviceMemory.address(x),
        x.columns(),
        DeviceMemory.address(dy),
        dy.columns(),
        x.rows(),
        DeviceMemory.address(dw));
  }

  @Override
  public void addBias(Tensor bias, Tensor y) {
    rowKernels.addBias(bias, y);
  }

  @Override
  public void addBiasBackward(Tensor dy, Tensor dBias) {
    rowKernels.addBiasBackward(dy, dBias);
  }

  @Override
  public void embedding(int[] ids, Tensor table, Tensor y) {
    rowKernels.embedding(gpu.control().ints(ids), table, y);
  }

  @Override
  public void embedding(int[] ids, DrawnTokens drawn, Tensor table, Tensor y) {
    if (drawn instanceof CudaTokens own && own.underWay(gpu)) {
      rowKernels.embedding(tokenSampler.ids(ids, own), table, y);
    } else {
      embedding(drawn.resolve(ids), table, y);
    }
  }

  @Override
  public void embeddingBackward(int[] ids, Tensor dy, Tensor dTable) {
    rowKernels.embeddingBackward(ids, dy, dTable);
  }

  @Override
  public void rmsNorm(Tensor x, Tensor weight, float epsilon, float offset, Tensor y, Tensor rstd) {
    norms.rmsNorm(x, weight, epsilon, offset, y, rstd);
  }

  @Override
  public void rmsNormBackward(
      Tensor dy, Tensor x, Tensor weight, float offset, Tensor rstd, Tensor dx, Tensor dWeight) {
    norms.rmsNormBackward(dy, x, weight, offset, rstd, dx, dWeight);
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
    norms.headNorm(fused, heads, queryWeight, keyWeight, epsilon, offset, normed, rstd);
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
    norms.headNormBackward(
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
  public void rope(Tensor fused, Heads heads, int[] positions, Tensor table, boolean inverse) {
    rope.rope(fused, heads, positions, table, inverse);
  }

  @Override
  public void attention(
      Tensor fused,
      Heads heads,
      Segments segments,
      AttentionForm form,
      Tensor out,
      Tensor logSumExp) {
    packedAttention.attention(fused, heads, segments, form, out, logSumExp);
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
    packedAttention.attentionBackward(dOut, fused, heads, segments, form, out, logSumExp, dFused);
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
    gates.gated(gate, x, y);
  }

  @Override
  public void gatedBackward(Gate gate, Tensor dy, Tensor x, Tensor dx) {
    gates.gatedBackward(gate, dy, x, dx);
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
        head, x, targets, softCap, temperature, logprobs, entropy, logSumExp);
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
        head, x, targets, softCap, temperature, entropy, logSumExp, dLogprobs, dEntropy, dx, dHead);
  }

  @Override
  public void softCap(Tensor x, float cap) {
    elementwise.softCap(x, cap);
  }

  @Override
  public void sample(
      Tensor logits, Sampling[] rows, double[] uniforms, int[] tokens, float[] logprobs) {
    tokenSampler.sample(logits, rows, uniforms, tokens, logprobs);
  }

  @Override
  public DrawnTokens drawnTokens() {
    return new CudaTokens(gpu);
  }

  @Override
  public void draw(Tensor logits, Sampling[] rows, double[] uniforms, DrawnTokens drawn) {
    tokenSampler.draw(logits, rows, uniforms, tokens(drawn));
  }

  @Override
  public void adamW(Tensor weight, Tensor gradient, Tensor m, Tensor v, AdamWStep step) {
    optimizer.adamW(weight, gradient, m, v, step);
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      tokenSampler.close();
      products.close();
      gpu.close();
    }
  }
}
