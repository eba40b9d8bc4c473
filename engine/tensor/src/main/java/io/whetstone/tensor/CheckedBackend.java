package io.whetstone.tensor;

import static io.whetstone.tensor.DType.BF16;
import static io.whetstone.tensor.DType.DYNAMIC;
import static io.whetstone.tensor.DType.F32;
import static io.whetstone.tensor.DType.I32;
import static io.whetstone.tensor.DType.UDYNAMIC;
import static io.whetstone.tensor.Operands.block;
import static io.whetstone.tensor.Operands.count;
import static io.whetstone.tensor.Operands.headWeight;
import static io.whetstone.tensor.Operands.index;
import static io.whetstone.tensor.Operands.indices;
import static io.whetstone.tensor.Operands.matrix;
import static io.whetstone.tensor.Operands.positive;
import static io.whetstone.tensor.Operands.result;
import static io.whetstone.tensor.Operands.sameSize;
import static io.whetstone.tensor.Operands.type;
import static io.whetstone.tensor.Operands.vector;

import java.lang.foreign.MemorySegment;
import java.util.BitSet;
import java.util.Optional;
import java.util.Set;

/**
 * Checks every operand of a call, then hands the call to the backend behind it.
 *
 * <p>What is behind works on addresses and checks nothing, so a shape or an index that passes here
 * wrongly corrupts memory. Left to the backend: that a linear and a cache are its own, and what the
 * numbers themselves are. A check allocates nothing.
 */
public final class CheckedBackend implements Backend {
  private final Backend backend;
  private final boolean bf16;
  private final boolean quantized;

  /** Takes {@code backend}, and closes it when closed. */
  public CheckedBackend(Backend backend) {
    this.backend = backend;
    Set<Capability> capabilities = backend.capabilities();
    bf16 = capabilities.contains(Capability.BF16);
    quantized = capabilities.contains(Capability.QUANTIZED);
  }

  @Override
  public String name() {
    return backend.name();
  }

  @Override
  public String description() {
    return backend.description();
  }

  @Override
  public Set<Capability> capabilities() {
    return backend.capabilities();
  }

  @Override
  public int threads() {
    return backend.threads();
  }

  // ---- memory

  @Override
  public Workspace workspace(String purpose) {
    return backend.workspace(purpose);
  }

  @Override
  public void offload(Set<String> purposes) {
    backend.offload(purposes);
  }

  @Override
  public Optional<DeviceRoom> deviceRoom() {
    return backend.deviceRoom();
  }

  @Override
  public KvCache kvCache(int layers, int pages, Heads heads, DType dtype) {
    floats("dtype: a cache", dtype);
    if (layers < 0 || pages < 0) {
      throw new IllegalArgumentException(
          "a cache of " + layers + " layers and " + pages + " pages");
    }
    return backend.kvCache(layers, pages, heads, dtype);
  }

  @Override
  public void write(Tensor to, float[] from) {
    numbers("to", to);
    sameSize("to", to, from.length);
    backend.write(to, from);
  }

  @Override
  public void write(Tensor to, int[] from) {
    type("to", to, I32);
    sameSize("to", to, from.length);
    backend.write(to, from);
  }

  @Override
  public void write(Tensor to, MemorySegment blocks) {
    blocks("to", to, blocks);
    backend.write(to, blocks);
  }

  @Override
  public void read(Tensor from, MemorySegment blocks) {
    blocks("from", from, blocks);
    backend.read(from, blocks);
  }

  @Override
  public float[] readFloats(Tensor from) {
    numbers("from", from);
    return backend.readFloats(from);
  }

  @Override
  public void copy(Tensor from, Tensor to) {
    if (from.dtype() != to.dtype()) {
      floats("from", from);
      floats("to", to);
    }
    sameSize("to", to, from.size());
    backend.copy(from, to);
  }

  @Override
  public void fill(Tensor x, float value) {
    floats("x", x);
    backend.fill(x, value);
  }

  // ---- elementwise and reductions

  @Override
  public void add(Tensor x, Tensor y) {
    type("x", x, F32);
    type("y", y, F32);
    sameSize("y", y, x.size());
    backend.add(x, y);
  }

  @Override
  public void scale(Tensor x, float factor) {
    type("x", x, F32);
    backend.scale(x, factor);
  }

  @Override
  public double sumOfSquares(Tensor x) {
    type("x", x, F32);
    return backend.sumOfSquares(x);
  }

  @Override
  public boolean allFinite(Tensor x) {
    type("x", x, F32);
    return backend.allFinite(x);
  }

  @Override
  public void addColumns(Tensor x, Tensor y, int from) {
    type("x", x, F32);
    floats("y", y);
    block("x", x, "y", y, from);
    backend.addColumns(x, y, from);
  }

  @Override
  public void takeColumns(Tensor x, int from, Tensor y) {
    floats("x", x);
    type("y", y, x.dtype());
    block("y", y, "x", x, from);
    backend.takeColumns(x, from, y);
  }

  @Override
  public void dropout(Tensor x, double rate, long[] rowKeys, Tensor y) {
    floats("x", x);
    matrix("x", x, x.dtype(), rowKeys.length, x.columns());
    matrix("y", y, x.dtype(), rowKeys.length, x.columns());
    Dropout.threshold(rate);
    backend.dropout(x, rate, rowKeys, y);
  }

  @Override
  public void gatherRows(Tensor x, int[] rows, Tensor y) {
    floats("x", x);
    matrix("y", y, x.dtype(), rows.length, x.columns());
    indices("rows", rows, x.rows());
    backend.gatherRows(x, rows, y);
  }

  @Override
  public void scatterAddRows(Tensor dy, int[] rows, Tensor dx) {
    type("dx", dx, F32);
    matrix("dy", dy, rows.length, dx.columns());
    indices("rows", rows, dx.rows());
    backend.scatterAddRows(dy, rows, dx);
  }

  // ---- linear layers

  @Override
  public Linear linear(Tensor weight, DType compute) {
    weights("weight", weight);
    floats("compute", compute);
    if (weight.size() == 0) {
      throw new IllegalArgumentException("weight: expected a row and a column, got " + weight);
    }
    return backend.linear(weight, compute);
  }

  @Override
  public void linearForward(Linear w, Tensor x, Tensor y, boolean accumulate) {
    matrix("x", x, w.dtype(), x.rows(), w.in());
    result("y", y, w.dtype(), x.rows(), w.out(), accumulate);
    backend.linearForward(w, x, y, accumulate);
  }

  @Override
  public void linearBackwardInput(Linear w, Tensor dy, Tensor dx, boolean accumulate) {
    matrix("dy", dy, w.dtype(), dy.rows(), w.out());
    result("dx", dx, w.dtype(), dy.rows(), w.in(), accumulate);
    backend.linearBackwardInput(w, dy, dx, accumulate);
  }

  @Override
  public void linearBackwardWeight(Tensor x, Tensor dy, Tensor dw) {
    floats("x", x);
    matrix("dy", dy, x.dtype(), x.rows(), dy.columns());
    matrix("dw", dw, dy.columns(), x.columns());
    backend.linearBackwardWeight(x, dy, dw);
  }

  @Override
  public void addBias(Tensor bias, Tensor y) {
    vector("bias", bias, y.columns());
    floats("y", y);
    backend.addBias(bias, y);
  }

  @Override
  public void addBiasBackward(Tensor dy, Tensor dBias) {
    floats("dy", dy);
    vector("dBias", dBias, dy.columns());
    backend.addBiasBackward(dy, dBias);
  }

  // ---- layers

  @Override
  public void embedding(int[] ids, Tensor table, Tensor y) {
    weights("table", table);
    matrix("y", y, ids.length, table.columns());
    indices("ids", ids, table.rows());
    backend.embedding(ids, table, y);
  }

  @Override
  public void embedding(int[] ids, DrawnTokens drawn, Tensor table, Tensor y) {
    numbers("table", table);
    matrix("y", y, ids.length, table.columns());
    for (int id : ids) {
      if (id >= 0) {
        index("ids", id, table.rows());
      } else {
        placeholder(id, drawn, table);
      }
    }
    backend.embedding(ids, drawn, table, y);
  }

  @Override
  public void embeddingBackward(int[] ids, Tensor dy, Tensor dTable) {
    type("dTable", dTable, F32);
    matrix("dy", dy, ids.length, dTable.columns());
    indices("ids", ids, dTable.rows());
    backend.embeddingBackward(ids, dy, dTable);
  }

  @Override
  public void rmsNorm(Tensor x, Tensor weight, float epsilon, float offset, Tensor y, Tensor rstd) {
    type("x", x, F32);
    vector("weight", weight, x.columns());
    floats("y", y);
    matrix("y", y, y.dtype(), x.rows(), x.columns());
    vector("rstd", rstd, x.rows());
    backend.rmsNorm(x, weight, epsilon, offset, y, rstd);
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
    backend.rmsNormBackward(dy, x, weight, offset, rstd, dx, dWeight);
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
    matrix("rstd", rstd, fused.rows(), heads.norms(queryWeight, keyWeight));
    backend.headNorm(fused, heads, queryWeight, keyWeight, epsilon, offset, normed, rstd);
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
    matrix("rstd", rstd, fused.rows(), heads.norms(queryWeight, keyWeight));
    matrix("dFused", dFused, fused.dtype(), fused.rows(), heads.fusedColumns());
    vector("dQueryWeight", dQueryWeight, queryWeight.columns());
    vector("dKeyWeight", dKeyWeight, keyWeight.columns());
    backend.headNormBackward(
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
    floats("fused", fused);
    matrix("fused", fused, fused.dtype(), positions.length, heads.fusedColumns());
    matrix("table", table, table.rows(), heads.size());
    indices("positions", positions, table.rows());
    backend.rope(fused, heads, positions, table, inverse);
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
    backend.attention(fused, heads, segments, form, out, logSumExp);
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
    backend.attentionBackward(dOut, fused, heads, segments, form, out, logSumExp, dFused);
  }

  @Override
  public void cacheStore(Tensor fused, Heads heads, KvCache cache, int layer, int[] slots) {
    ofCache(heads, cache, layer);
    matrix("fused", fused, cache.dtype(), slots.length, heads.fusedColumns());
    indices("slots", slots, cache.pages() * cache.pageSize());
    backend.cacheStore(fused, heads, cache, layer, slots);
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
    ofCache(heads, cache, layer);
    matrix("fused", fused, cache.dtype(), rows.rows(), heads.fusedColumns());
    matrix("out", out, cache.dtype(), rows.rows(), heads.outputColumns());
    inCache(rows, cache);
    backend.cachedAttention(fused, heads, cache, layer, rows, form, out);
  }

  @Override
  public void gated(Gate gate, Tensor x, Tensor y) {
    floats("y", y);
    matrix("x", x, y.dtype(), y.rows(), 2 * y.columns());
    backend.gated(gate, x, y);
  }

  @Override
  public void gatedBackward(Gate gate, Tensor dy, Tensor x, Tensor dx) {
    floats("dy", dy);
    matrix("x", x, dy.dtype(), dy.rows(), 2 * dy.columns());
    matrix("dx", dx, dy.dtype(), dy.rows(), 2 * dy.columns());
    backend.gatedBackward(gate, dy, x, dx);
  }

  // ---- head

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
    indices("targets", targets, head.out());
    positive("temperature", temperature);
    cap(softCap);
    vector("logprobs", logprobs, targets.length);
    vector("entropy", entropy, targets.length);
    vector("logSumExp", logSumExp, targets.length);
    backend.tokenLogprobs(head, x, targets, softCap, temperature, logprobs, entropy, logSumExp);
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
    backend.tokenLogprobsBackward(
        head, x, targets, softCap, temperature, entropy, logSumExp, dLogprobs, dEntropy, dx, dHead);
  }

  @Override
  public void softCap(Tensor x, float cap) {
    type("x", x, F32);
    positive("cap", cap);
    backend.softCap(x, cap);
  }

  @Override
  public void sample(
      Tensor logits, Sampling[] rows, double[] uniforms, int[] tokens, float[] logprobs) {
    drawable(logits, rows, uniforms);
    count("tokens", tokens.length, rows.length);
    count("logprobs", logprobs.length, rows.length);
    backend.sample(logits, rows, uniforms, tokens, logprobs);
  }

  @Override
  public DrawnTokens drawnTokens() {
    return backend.drawnTokens();
  }

  @Override
  public void draw(Tensor logits, Sampling[] rows, double[] uniforms, DrawnTokens drawn) {
    drawable(logits, rows, uniforms);
    backend.draw(logits, rows, uniforms, drawn);
  }

  // ---- optimizer

  @Override
  public void adamW(Tensor weight, Tensor gradient, Tensor m, Tensor v, AdamWStep step) {
    type("weight", weight, F32);
    type("gradient", gradient, F32);
    sameSize("gradient", gradient, weight.size());
    boolean inBlocks = m.dtype() == DYNAMIC;
    moments("m", m, inBlocks ? DYNAMIC : F32, weight.size());
    moments("v", v, inBlocks ? UDYNAMIC : F32, weight.size());
    backend.adamW(weight, gradient, m, v, step);
  }

  @Override
  public void close() {
    backend.close();
  }

  /** F32, or BF16 where the backend has it. */
  private void floats(String what, Tensor tensor) {
    if (bf16) {
      Operands.floats(what, tensor);
    } else {
      type(what, tensor, F32);
    }
  }

  private void floats(String what, DType type) {
    if (type != F32 && type != BF16) {
      throw new IllegalArgumentException(what + ": expected F32 or BF16, got " + type);
    }
    if (type == BF16 && !bf16) {
      throw new IllegalArgumentException(
          what + ": the backend " + name() + " has F32, not " + type);
    }
  }

  /** F32, and BF16 and quantised where the backend has them. */
  private void weights(String what, Tensor tensor) {
    if (!quantized || !tensor.dtype().quantized() || tensor.dtype().moments()) {
      floats(what, tensor);
    }
  }

  /** What holds numbers: weights, and moments in blocks. */
  private void numbers(String what, Tensor tensor) {
    if (!tensor.dtype().moments()) {
      weights(what, tensor);
    }
  }

  private void blocks(String what, Tensor tensor, MemorySegment blocks) {
    numbers(what, tensor);
    if (!tensor.dtype().quantized() || blocks.byteSize() != tensor.memory().byteSize()) {
      throw new IllegalArgumentException(
          what
              + ": expected the quantised tensor of "
              + blocks.byteSize()
              + " bytes, got "
              + tensor);
    }
  }

  /** As many numbers as the weight, in whole blocks. */
  private static void moments(String what, Tensor tensor, DType type, long size) {
    type(what, tensor, type);
    int block = type.blockElements();
    sameSize(what, tensor, Math.ceilDiv(size, block) * block);
  }

  private static void ofCache(Heads heads, KvCache cache, int layer) {
    Heads held = cache.heads();
    if (heads.keyValues() != held.keyValues() || heads.size() != held.size()) {
      throw new IllegalArgumentException("a cache for " + held + " was given " + heads);
    }
    index("layer", layer, cache.layers());
  }

  private static void inCache(CachedRows rows, KvCache cache) {
    for (int[] pages : rows.pages()) {
      indices("page", pages, cache.pages());
    }
    for (int r = 0; r < rows.rows(); r++) {
      int sequence = rows.sequence()[r];
      index("sequence", sequence, rows.pages().length);
      long room = (long) rows.pages()[sequence].length * cache.pageSize();
      if (rows.length()[r] < 1 || rows.length()[r] > room) {
        throw new IllegalArgumentException(
            "row " + r + " sees " + rows.length()[r] + " positions, its pages hold " + room);
      }
    }
  }

  /** Stands for a row that was drawn, from no larger a vocabulary than the table's. */
  private static void placeholder(int id, DrawnTokens drawn, Tensor table) {
    if (DrawnTokens.row(id) >= drawn.rows()) {
      throw new IllegalArgumentException(
          "ids: "
              + id
              + " stands for the token that row "
              + DrawnTokens.row(id)
              + " draws, and "
              + drawn.rows()
              + " rows were drawn");
    }
    if (drawn.vocabulary() > table.rows()) {
      throw new IllegalArgumentException(
          "table: tokens of a vocabulary of " + drawn.vocabulary() + " were drawn, got " + table);
    }
  }

  private static void drawable(Tensor logits, Sampling[] rows, double[] uniforms) {
    matrix("logits", logits, rows.length, logits.columns());
    count("uniforms", uniforms.length, rows.length);
    for (int r = 0; r < rows.length; r++) {
      drawable(rows[r].suppressed(), logits.columns());
      if (!(uniforms[r] >= 0 && uniforms[r] < 1)) {
        throw new IllegalArgumentException("uniforms: " + uniforms[r] + " is not in [0, 1)");
      }
    }
  }

  /** Ids of the vocabulary, and not all of them: they may repeat. */
  private static void drawable(int[] suppressed, int vocabulary) {
    indices("suppressed", suppressed, vocabulary);
    if (suppressed.length >= vocabulary) {
      BitSet distinct = new BitSet(vocabulary);
      for (int token : suppressed) {
        distinct.set(token);
      }
      if (distinct.cardinality() == vocabulary) {
        throw new IllegalArgumentException("sampling: every token is suppressed");
      }
    }
  }

  private static void cap(float softCap) {
    if (softCap != 0) {
      positive("softCap", softCap);
    }
  }
}
