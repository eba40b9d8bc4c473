package io.whetstone.tensor;

import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.Set;

/**
 * The kernels a model is made of, on one device.
 *
 * <p>Conventions. Matrices are row-major; T is the number of packed tokens, h the hidden size, V
 * the vocabulary's. Tensors are F32 unless said otherwise. An output tensor is overwritten, except
 * where a parameter is said to be accumulated into ("+="). Weight gradients are always accumulated
 * into. Outputs must not overlap inputs unless said so. Small per-row control data (ids, positions)
 * are host arrays. Calls come from one thread and are finished when they return, as far as the
 * caller can see. Shapes are checked ({@link CheckedBackend}); a mismatch is an {@link
 * IllegalArgumentException} that names the tensor. Zero rows are legal and do nothing.
 *
 * <p>Randomness never comes from the backend: {@link #sample} is given its uniform numbers.
 */
public interface Backend extends AutoCloseable {
  /** As in a configuration: {@code cpu}. */
  String name();

  /**
   * One line for people: libraries, instruction set, threads. It decides bits, so it is recorded.
   */
  String description();

  Set<Capability> capabilities();

  /** Worker threads in use. */
  int threads();

  // ---- memory

  /** A new workspace; {@code purpose} is named when memory runs out. */
  Workspace workspace(String purpose);

  /**
   * Puts the workspaces that are made for these purposes from now on into the host's memory: for
   * what is read seldom, as an optimizer's states and a reference policy's weights. Kernels take
   * their tensors like others, more slowly, and to the same bits.
   *
   * @throws IllegalArgumentException where the backend cannot, saying why
   */
  default void offload(Set<String> purposes) {
    throw new IllegalArgumentException(
        "the backend " + name() + " computes in the host's memory already");
  }

  /** The device's own memory; empty where tensors lie in the host's. */
  default Optional<DeviceRoom> deviceRoom() {
    return Optional.empty();
  }

  /** Storage for keys and values of {@code layers} layers. */
  KvCache kvCache(int layers, int pages, Heads heads, DType dtype);

  /**
   * Copies host numbers into a tensor of the same size, rounding to its type; to a quantised one's
   * blocks as {@link io.whetstone.tensor.quantized.BlockCodec} does.
   */
  void write(Tensor to, float[] from);

  /**
   * Copies the blocks of a quantised tensor: weights as they lie in GGUF files.
   *
   * @throws IllegalArgumentException when they are not as many bytes as the tensor's
   */
  void write(Tensor to, MemorySegment blocks);

  /**
   * The other way round: what was read and is written again is the same tensor to the bit.
   *
   * @throws IllegalArgumentException when they are not as many bytes as the tensor's
   */
  void read(Tensor from, MemorySegment blocks);

  /** Copies host integers into an I32 tensor of the same size. */
  void write(Tensor to, int[] from);

  /** A host copy of a F32, BF16 or quantised tensor, whose blocks are decoded. */
  float[] readFloats(Tensor from);

  /** Copies elements, converting between F32 and BF16 (to nearest even). */
  void copy(Tensor from, Tensor to);

  /** Sets every element. */
  void fill(Tensor x, float value);

  // ---- elementwise and reductions

  /** y += x. */
  void add(Tensor x, Tensor y);

  /** x *= factor. */
  void scale(Tensor x, float factor);

  /** Σ x², summed in double precision in an order that depends only on the size. */
  double sumOfSquares(Tensor x);

  /** True when every element is finite. */
  boolean allFinite(Tensor x);

  /**
   * y[r, from + c] += x[r, c]: x [T, n] F32, y [T, m] F32 or BF16 with m ≥ from + n; a sum that
   * goes into a BF16 tensor is rounded once. A backend without a kernel of its own keeps this one,
   * which goes through host memory.
   */
  default void addColumns(Tensor x, Tensor y, int from) {
    Columns.add(this, x, y, from);
  }

  /**
   * y[r, c] = x[r, from + c]: x [T, m], y [T, n], both F32 or both BF16, m ≥ from + n. A backend
   * without a kernel of its own keeps this one, which goes through host memory.
   */
  default void takeColumns(Tensor x, int from, Tensor y) {
    Columns.take(this, x, from, y);
  }

  /**
   * Inverted dropout (Srivastava et al. 2014), and its own backward: y[r, c] = x[r, c] / (1 − rate)
   * where {@link Dropout#keeps} of the row's key and c, else 0. x and y [T, n], both F32 or both
   * BF16; y may be x. A backend without a kernel of its own keeps this one, which goes through host
   * memory.
   *
   * @param rate in [0, 1)
   * @param rowKeys for each row, what its numbers are drawn by
   */
  default void dropout(Tensor x, double rate, long[] rowKeys, Tensor y) {
    Dropout.apply(this, x, rate, rowKeys, y);
  }

  /**
   * y[r] = x[rows[r]]: x [n, h], y [rows.length, h], both F32 or both BF16; an index may repeat.
   */
  void gatherRows(Tensor x, int[] rows, Tensor y);

  /** dx[rows[r]] += dy[r], in the order of r. */
  void scatterAddRows(Tensor dy, int[] rows, Tensor dx);

  // ---- linear layers

  /**
   * Prepares a weight [out, in] for products in {@code compute}; the weight stays the master.
   *
   * <p>In BF16 the weight is rounded to bfloat16 once (to nearest even), products are of bfloat16
   * numbers, their sums are F32, and a sum that goes into a BF16 tensor is rounded once.
   *
   * <p>A quantised weight stays as it is: products are those of the numbers its blocks stand for,
   * F32 or rounded to bfloat16, to the bit of {@link #linearForward} with a F32 weight of these
   * numbers where EXACT is declared. It serves a frozen layer: it has no weight gradient.
   *
   * @param weight F32, or BF16 or quantised where it is never trained
   * @param compute F32, or BF16 where the backend declares it: the type of the activations
   */
  Linear linear(Tensor weight, DType compute);

  /**
   * y = x Wᵀ, or y += x Wᵀ when {@code accumulate}.
   *
   * @param x [T, in] of {@code w.dtype()}
   * @param y [T, out] of F32 or {@code w.dtype()}; F32 to accumulate
   */
  void linearForward(Linear w, Tensor x, Tensor y, boolean accumulate);

  /**
   * dx = dy W, or dx += dy W when {@code accumulate}.
   *
   * @param dy [T, out] of {@code w.dtype()}
   * @param dx [T, in] of F32 or {@code w.dtype()}; F32 to accumulate
   */
  void linearBackwardInput(Linear w, Tensor dy, Tensor dx, boolean accumulate);

  /** dW += dyᵀ x: x [T, in] and dy [T, out], both F32 or both BF16; dW [out, in] F32. */
  void linearBackwardWeight(Tensor x, Tensor dy, Tensor dw);

  /** y[r, c] += bias[c]: y [T, n] F32 or BF16, bias [n]. */
  void addBias(Tensor bias, Tensor y);

  /** dBias[c] += Σ_r dy[r, c]: dy F32 or BF16. */
  void addBiasBackward(Tensor dy, Tensor dBias);

  // ---- layers

  /** y[t] = table[ids[t]]: table [V, h] F32, BF16 or quantised, y [T, h]. */
  void embedding(int[] ids, Tensor table, Tensor y);

  /**
   * The same of ids some of which may still be on their way: {@link DrawnTokens#placeholder} stands
   * for a token that a row of {@code drawn} draws. A backend whose draws are finished when they
   * return keeps this one.
   *
   * @param drawn from a vocabulary of V at most
   */
  default void embedding(int[] ids, DrawnTokens drawn, Tensor table, Tensor y) {
    embedding(drawn.resolve(ids), table, y);
  }

  /** dTable[ids[t]] += dy[t], in the order of t. */
  void embeddingBackward(int[] ids, Tensor dy, Tensor dTable);

  /**
   * RMSNorm (Zhang & Sennrich 2019): y[r, c] = x[r, c] · rstd[r] · (offset + weight[c]), rstd[r] =
   * 1/√(mean_c x[r, c]² + epsilon). x and y [R, n], weight [n], rstd [R]. y is F32 or BF16, and may
   * be x.
   *
   * @param offset 0 for Llama and Qwen, 1 for Gemma
   */
  void rmsNorm(Tensor x, Tensor weight, float epsilon, float offset, Tensor y, Tensor rstd);

  /** dx += ∂/∂x, dWeight += ∂/∂weight, from x, weight and the forward's rstd: dy F32 or BF16. */
  void rmsNormBackward(
      Tensor dy, Tensor x, Tensor weight, float offset, Tensor rstd, Tensor dx, Tensor dWeight);

  /**
   * RMSNorm of the query and key heads of fused rows; value heads are copied. A weight of n numbers
   * normalises each run of n columns by itself: n is {@code size} where every head has a norm of
   * its own (Qwen3, Gemma 3), and all the columns of the queries or of the keys where they have one
   * together (OLMo 2).
   *
   * <p>It is out of place because the backward needs {@code fused} as it was: from the result it
   * could not be found where a weight is near 0. Where no backward follows, normed may be fused.
   *
   * @param fused [T, heads.fusedColumns()], F32 or BF16
   * @param queryWeight [size] or [queries · size]
   * @param keyWeight [size] or [keyValues · size]
   * @param offset added to the weights, as in {@link #rmsNorm}
   * @param normed as fused, of its type
   * @param rstd [T, norms]: 1/√(mean square + epsilon) of each run of columns in their order, so
   *     norms = queries · size / |queryWeight| + keyValues · size / |keyWeight|
   */
  void headNorm(
      Tensor fused,
      Heads heads,
      Tensor queryWeight,
      Tensor keyWeight,
      float epsilon,
      float offset,
      Tensor normed,
      Tensor rstd);

  /**
   * dFused = gradient of {@link #headNorm} with respect to fused, and the weights' gradients are
   * accumulated into, from the forward's inputs and its rstd. dNormed, fused and dFused are of one
   * type, F32 or BF16; dFused may be dNormed.
   */
  void headNormBackward(
      Tensor dNormed,
      Tensor fused,
      Heads heads,
      Tensor queryWeight,
      Tensor keyWeight,
      float offset,
      Tensor rstd,
      Tensor dFused,
      Tensor dQueryWeight,
      Tensor dKeyWeight);

  /**
   * Rotary position embedding in Hugging Face's half-split form (Su et al. 2021), in place on the
   * query and key heads of fused rows: for i < size/2, (a, b) = (x[i], x[i + size/2]) becomes (a
   * cos − b sin, b cos + a sin).
   *
   * @param fused [T, heads.fusedColumns()], F32 or BF16; value heads are left alone
   * @param positions for each row, a row of {@code table}
   * @param table [positions, size]: cosines of the size/2 frequencies, then their sines
   * @param inverse rotates back, which is also the backward on gradients
   */
  void rope(Tensor fused, Heads heads, int[] positions, Tensor table, boolean inverse);

  /**
   * Causal grouped-query attention over packed sequences. For query head h of row r, over the keys
   * j that {@code segments} and the form's window let r see: out = Σ_j softmax_j(s_j) v_j, with the
   * logit s_j as {@link AttentionForm} says. All arithmetic is in F32.
   *
   * @param fused [T, heads.fusedColumns()], F32 or BF16, RoPE applied
   * @param out [T, heads.outputColumns()], of the type of fused
   * @param logSumExp [T, heads.queries()], F32: log Σ_j exp(s_j), kept for the backward
   */
  void attention(
      Tensor fused,
      Heads heads,
      Segments segments,
      AttentionForm form,
      Tensor out,
      Tensor logSumExp);

  /**
   * dFused = gradient of {@link #attention} with respect to fused, from its inputs and outputs.
   * dOut, fused, out and dFused are of one type.
   */
  void attentionBackward(
      Tensor dOut,
      Tensor fused,
      Heads heads,
      Segments segments,
      AttentionForm form,
      Tensor out,
      Tensor logSumExp,
      Tensor dFused);

  /**
   * Stores the key and value heads of row r of {@code fused} (RoPE applied) at slot {@code
   * slots[r]}; fused is of the cache's type.
   */
  void cacheStore(Tensor fused, Heads heads, KvCache cache, int layer, int[] slots);

  /**
   * Attention of the query heads of each row of {@code fused} over the cached positions it sees;
   * the row's own key must be stored already. Same bits as {@link #attention} where EXACT is
   * declared. fused and out are of the cache's type.
   *
   * @param out [rows, heads.outputColumns()]
   */
  void cachedAttention(
      Tensor fused,
      Heads heads,
      KvCache cache,
      int layer,
      CachedRows rows,
      AttentionForm form,
      Tensor out);

  /** y = gate(x[:, :n]) · x[:, n:]: x [T, 2n], y [T, n], of one type, F32 or BF16. */
  void gated(Gate gate, Tensor x, Tensor y);

  /** dx = gradient of {@link #gated}: dy [T, n], x and dx [T, 2n], of one type, F32 or BF16. */
  void gatedBackward(Gate gate, Tensor dy, Tensor x, Tensor dx);

  // ---- head

  /**
   * Logprobs of given tokens without holding all logits: with z = x Wᵀ / temperature, logprob[r] =
   * z[r, target] − log Σ_v exp z[r, v] and entropy[r] = −Σ_v p log p, in nats. Works in chunks of
   * rows, so memory is bounded by chunk × V. Logits and what is made of them are F32.
   *
   * @param x [R, h] of {@code head.dtype()}
   * @param targets R token ids
   * @param softCap logits go through {@link #softCap} before they are divided by the temperature; 0
   *     for none
   * @param logprobs [R], overwritten
   * @param entropy [R], overwritten
   * @param logSumExp [R], overwritten; kept for the backward
   */
  void tokenLogprobs(
      Linear head,
      Tensor x,
      int[] targets,
      float softCap,
      float temperature,
      Tensor logprobs,
      Tensor entropy,
      Tensor logSumExp);

  /** The same without a cap. */
  default void tokenLogprobs(
      Linear head,
      Tensor x,
      int[] targets,
      float temperature,
      Tensor logprobs,
      Tensor entropy,
      Tensor logSumExp) {
    tokenLogprobs(head, x, targets, 0, temperature, logprobs, entropy, logSumExp);
  }

  /**
   * The backward of {@link #tokenLogprobs}: given ∂L/∂logprob and ∂L/∂entropy for each row, dx [R,
   * h] (F32) is overwritten and dW [V, h] (F32) accumulated into. With p the softmax: ∂L/∂z[v] =
   * dLogprob (1[v = target] − p[v]) − dEntropy p[v] (log p[v] + entropy), times the cap's slope 1 −
   * (capped / softCap)², rounded to {@code head.dtype()} for the two products.
   *
   * @param dHead null where the head is frozen: its product is then not made
   */
  void tokenLogprobsBackward(
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
      Tensor dHead);

  /** The same without a cap. */
  default void tokenLogprobsBackward(
      Linear head,
      Tensor x,
      int[] targets,
      float temperature,
      Tensor entropy,
      Tensor logSumExp,
      float[] dLogprobs,
      float[] dEntropy,
      Tensor dx,
      Tensor dHead) {
    tokenLogprobsBackward(
        head, x, targets, 0, temperature, entropy, logSumExp, dLogprobs, dEntropy, dx, dHead);
  }

  /** x ← cap · tanh(x / cap), which bounds logits (Gemma 2): cap &gt; 0. */
  void softCap(Tensor x, float cap);

  /**
   * Draws each row's next token as {@link Sampling} says. The logprob written is the one {@link
   * #tokenLogprobs} gives for that token at that temperature, over the whole vocabulary, to the bit
   * where EXACT is declared.
   *
   * @param logits [B, V], from {@link #linearForward} of the head
   * @param rows B settings
   * @param uniforms B numbers in [0, 1)
   * @param tokens B drawn ids, written
   * @param logprobs B logprobs, written
   */
  void sample(Tensor logits, Sampling[] rows, double[] uniforms, int[] tokens, float[] logprobs);

  /** Room for tokens that {@link #draw} draws. */
  default DrawnTokens drawnTokens() {
    return new HostTokens();
  }

  /**
   * As {@link #sample}, to the bit, into rows that are added to {@code drawn}. A device may still
   * be at it when this returns; a row that nothing can be drawn from is then refused by {@link
   * DrawnTokens#token}, and its placeholder stands for some token. A backend whose draws are
   * finished when they return keeps this one.
   *
   * @param drawn from this backend's {@link #drawnTokens}
   * @throws IllegalStateException when it is closed
   */
  default void draw(Tensor logits, Sampling[] rows, double[] uniforms, DrawnTokens drawn) {
    HostTokens.draw(this, logits, rows, uniforms, drawn);
  }

  // ---- optimizer

  /**
   * AdamW in place: g = gradientScale · gradient; m ← β₁m + (1−β₁)g; v ← β₂v + (1−β₂)g²; w ← w −
   * rate · (decay · w + (m / (1−β₁ᵗ)) / (√(v / (1−β₂ᵗ)) + ε)).
   *
   * <p>The moments are F32, or 8-bit codes in blocks (Dettmers et al. 2022, "8-bit Optimizers via
   * Block-wise Quantization"). Block b has the numbers 256b … 256b + 255 of the weight, wherever
   * its rows end, and zeros after the last. It is decoded, the formula is as above, with m and v
   * before they are rounded in the step of w, and they are encoded anew, as {@link
   * io.whetstone.tensor.quantized.DynamicMap} says and with the bits of its codec: scale d = max
   * |m| of the block, code of m / d.
   *
   * @param weight F32, n numbers
   * @param gradient as weight
   * @param m F32 as weight, or DYNAMIC [⌈n / 256⌉ × 256]
   * @param v F32 as weight, or UDYNAMIC [⌈n / 256⌉ × 256]
   */
  void adamW(Tensor weight, Tensor gradient, Tensor m, Tensor v, AdamWStep step);

  /** Frees what the backend holds; workspaces, caches and linears are closed by their makers. */
  @Override
  void close();
}
