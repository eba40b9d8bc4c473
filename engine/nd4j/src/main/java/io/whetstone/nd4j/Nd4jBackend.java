package io.whetstone.nd4j;

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
import io.whetstone.tensor.quantized.BlockCodec;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Set;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The backend on ND4J: hands views of the tensors to the kernel, which is its formula in operations
 * on arrays. {@link io.whetstone.tensor.CheckedBackend} stands before it.
 *
 * <p>F32 only, and no promise of bits: ND4J's sums and products depend on the shapes around them.
 * ND4J's number of threads is the process's: the backend opened last decides it.
 */
final class Nd4jBackend implements Backend {
  static final String NAME = "nd4j";

  private static final ValueLayout.OfInt WORD = ValueLayout.JAVA_INT_UNALIGNED;

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
    return new PagedKvCache(layers, pages, heads);
  }

  @Override
  public void write(Tensor to, float[] from) {
    if (to.dtype().moments()) {
      MemorySegment blocks = MemorySegment.ofArray(new byte[(int) to.memory().byteSize()]);
      BlockCodec.of(to.dtype()).encodeAll(from, blocks, 0);
      write(to, blocks);
    } else {
      put(to, from);
    }
  }

  @Override
  public void write(Tensor to, MemorySegment blocks) {
    int[] words = new int[(int) (blocks.byteSize() / Integer.BYTES)];
    MemorySegment.copy(blocks, WORD, 0, words, 0, words.length);
    write(to, words);
  }

  /** Blocks hold floats, so an integer is kept as the float of its bits. */
  @Override
  public void write(Tensor to, int[] from) {
    float[] bits = new float[from.length];
    for (int i = 0; i < bits.length; i++) {
      bits[i] = Float.intBitsToFloat(from[i]);
    }
    put(to, bits);
  }

  private void put(Tensor to, float[] from) {
    if (from.length > 0) {
      Temporaries.during(() -> blocks.words(to).assign(Nd4j.createFromArray(from)));
    }
  }

  @Override
  public float[] readFloats(Tensor from) {
    if (!from.dtype().moments()) {
      return words(from);
    }
    MemorySegment blocks = MemorySegment.ofArray(new byte[(int) from.memory().byteSize()]);
    read(from, blocks);
    float[] to = new float[Math.toIntExact(from.size())];
    BlockCodec.of(from.dtype()).decodeAll(blocks, 0, to);
    return to;
  }

  @Override
  public void read(Tensor from, MemorySegment blocks) {
    float[] words = words(from);
    for (int i = 0; i < words.length; i++) {
      blocks.setAtIndex(WORD, i, Float.floatToRawIntBits(words[i]));
    }
  }

  private float[] words(Tensor from) {
    return from.size() == 0
        ? new float[0]
        : Temporaries.during(() -> blocks.words(from).dup().data().asFloat());
  }

  @Override
  public void copy(Tensor from, Tensor to) {
    if (from.size() > 0) {
      Temporaries.during(() -> blocks.words(to).assign(blocks.words(from)));
    }
  }

  @Override
  public void fill(Tensor x, float value) {
    if (x.size() > 0) {
      Temporaries.during(() -> blocks.vector(x).assign(value));
    }
  }

  @Override
  public void add(Tensor x, Tensor y) {
    if (x.size() > 0) {
      Temporaries.during(() -> blocks.vector(y).addi(blocks.vector(x)));
    }
  }

  @Override
  public void scale(Tensor x, float factor) {
    if (x.size() > 0) {
      Temporaries.during(() -> blocks.vector(x).muli(factor));
    }
  }

  @Override
  public double sumOfSquares(Tensor x) {
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
    return x.size() == 0
        || Temporaries.during(
            () -> {
              INDArray vector = blocks.vector(x);
              return vector.sub(vector).sumNumber().doubleValue() == 0;
            });
  }

  @Override
  public void gatherRows(Tensor x, int[] rows, Tensor y) {
    if (rows.length > 0) {
      Temporaries.during(() -> blocks.matrix(y).assign(Rows.gather(blocks.matrix(x), rows)));
    }
  }

  @Override
  public void scatterAddRows(Tensor dy, int[] rows, Tensor dx) {
    if (rows.length > 0) {
      Temporaries.during(() -> Rows.scatterAdd(blocks.matrix(dy), rows, blocks.matrix(dx)));
    }
  }

  @Override
  public Linear linear(Tensor weight, DType compute) {
    return new MatrixLinear(blocks.matrix(weight));
  }

  @Override
  public void linearForward(Linear w, Tensor x, Tensor y, boolean accumulate) {
    if (x.size() > 0) {
      Temporaries.during(
          () -> Products.forward(blocks.matrix(x), weight(w), blocks.matrix(y), accumulate));
    }
  }

  @Override
  public void linearBackwardInput(Linear w, Tensor dy, Tensor dx, boolean accumulate) {
    if (dy.size() > 0) {
      Temporaries.during(
          () ->
              Products.backwardInput(blocks.matrix(dy), weight(w), blocks.matrix(dx), accumulate));
    }
  }

  @Override
  public void linearBackwardWeight(Tensor x, Tensor dy, Tensor dw) {
    if (x.size() > 0) {
      Temporaries.during(
          () -> Products.backwardWeight(blocks.matrix(x), blocks.matrix(dy), blocks.matrix(dw)));
    }
  }

  @Override
  public void addBias(Tensor bias, Tensor y) {
    if (y.size() > 0) {
      Temporaries.during(() -> Products.addBias(row(bias), blocks.matrix(y)));
    }
  }

  @Override
  public void addBiasBackward(Tensor dy, Tensor dBias) {
    if (dy.size() > 0) {
      Temporaries.during(() -> Products.addBiasBackward(blocks.matrix(dy), row(dBias)));
    }
  }

  @Override
  public void embedding(int[] ids, Tensor table, Tensor y) {
    if (ids.length > 0) {
      Temporaries.during(() -> blocks.matrix(y).assign(Rows.gather(blocks.matrix(table), ids)));
    }
  }

  @Override
  public void embeddingBackward(int[] ids, Tensor dy, Tensor dTable) {
    if (ids.length > 0) {
      Temporaries.during(() -> Rows.scatterAdd(blocks.matrix(dy), ids, blocks.matrix(dTable)));
    }
  }

  @Override
  public void rmsNorm(Tensor x, Tensor weight, float epsilon, float offset, Tensor y, Tensor rstd) {
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
    int split = Columns.ofQueries(heads).runs(queryWeight.columns());
    int norms = heads.norms(queryWeight, keyWeight);
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
    int split = Columns.ofQueries(heads).runs(queryWeight.columns());
    int norms = heads.norms(queryWeight, keyWeight);
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
    INDArray to = cache(cache).layer(layer);
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
    INDArray stored = cache(cache).layer(layer);
    CachedAttention attention = new CachedAttention(heads, cache(cache), rows, form);
    if (rows.rows() > 0) {
      Temporaries.during(() -> attention.attend(fused(fused, heads), stored, output(out, heads)));
    }
  }

  @Override
  public void gated(Gate gate, Tensor x, Tensor y) {
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
    if (x.size() > 0) {
      Temporaries.during(() -> Softmax.cap(blocks.vector(x), cap));
    }
  }

  @Override
  public void sample(
      Tensor logits, Sampling[] rows, double[] uniforms, int[] tokens, float[] logprobs) {
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
    if (weight.size() == 0) {
      return;
    }
    if (m.dtype().moments()) {
      float[] first = readFloats(m);
      float[] second = readFloats(v);
      Temporaries.during(
          () -> AdamW.step(blocks.vector(weight), blocks.vector(gradient), first, second, step));
      write(m, first);
      write(v, second);
    } else {
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
