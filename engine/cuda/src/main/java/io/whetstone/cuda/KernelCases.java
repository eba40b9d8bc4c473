package io.whetstone.cuda;

import io.whetstone.tensor.AdamWStep;
import io.whetstone.tensor.AttentionForm;
import io.whetstone.tensor.Backend;
import io.whetstone.tensor.CachedRows;
import io.whetstone.tensor.DType;
import io.whetstone.tensor.Gate;
import io.whetstone.tensor.Heads;
import io.whetstone.tensor.KvCache;
import io.whetstone.tensor.Linear;
import io.whetstone.tensor.Philox;
import io.whetstone.tensor.Sampling;
import io.whetstone.tensor.Segments;
import io.whetstone.tensor.Tensor;
import io.whetstone.tensor.Workspace;
import java.util.Arrays;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/** Each kernel with operands as a training step or a decoding step has them, and what it moves. */
final class KernelCases {
  /**
   * What is measured.
   *
   * @param tokens rows of a packed batch, in sequences of {@code length}
   * @param hidden columns of the residual stream
   * @param feedForward columns of the gated layer
   * @param vocabulary rows of the embedding
   * @param decoding sequences that decode at once, each with {@code length} positions cached
   * @param elements of a flat array
   */
  record Size(
      int tokens,
      int length,
      int hidden,
      int feedForward,
      Heads heads,
      int vocabulary,
      int decoding,
      int elements) {
    /** A model of about four billion parameters in a batch that fills a GPU. */
    static final Size GPU =
        new Size(8192, 2048, 2560, 9728, new Heads(32, 8, 128), 151_936, 128, 1 << 26);

    /** To see that everything runs. */
    static final Size TINY = new Size(32, 16, 256, 128, new Heads(4, 2, 32), 64, 4, 1 << 10);
  }

  /**
   * One call.
   *
   * @param bytes read and written at least
   * @param operations multiplications and additions of its products; 0 where bytes decide
   */
  record Case(String name, double bytes, double operations, Runnable call) {}

  /** Numbers drawn for a tensor, which are then copied. */
  private static final int DRAWN = 10_007;

  private static final DType F32 = DType.F32;
  private static final DType BF16 = DType.BF16;

  private final Backend backend;
  private final Size size;
  private final Workspace memory;
  private final Consumer<Case> measure;

  private KernelCases(Backend backend, Size size, Workspace memory, Consumer<Case> measure) {
    this.backend = backend;
    this.size = size;
    this.memory = memory;
    this.measure = measure;
  }

  /** Gives every case to {@code measure}; its operands live until that returns. */
  static void forEach(Backend backend, Size size, Consumer<Case> measure) {
    try (Workspace memory = backend.workspace("kernel benchmark")) {
      KernelCases cases = new KernelCases(backend, size, memory, measure);
      for (Runnable group :
          new Runnable[] {
            cases::elements,
            cases::rows,
            cases::norms,
            cases::gates,
            cases::products,
            cases::attention,
            cases::head
          }) {
        group.run();
        memory.reset();
      }
    }
  }

  private void measure(String name, double bytes, double operations, Runnable call) {
    measure.accept(new Case(name, bytes, operations, call));
  }

  private void measure(String name, double bytes, Runnable call) {
    measure(name, bytes, 0, call);
  }

  private void elements() {
    int n = size.elements();
    Tensor x = normal(F32, n);
    Tensor y = normal(F32, n);
    Tensor rounded = normal(BF16, n);
    Tensor m = memory.zeros(F32, n);
    Tensor v = memory.zeros(F32, n);
    AdamWStep step = new AdamWStep(1e-3, 0.9, 0.95, 1e-8, 0.1, 3, 1);
    measure("copy f32", 8d * n, () -> backend.copy(x, y));
    measure("copy f32 to bf16", 6d * n, () -> backend.copy(x, rounded));
    measure("copy bf16 to f32", 6d * n, () -> backend.copy(rounded, y));
    measure("fill", 4d * n, () -> backend.fill(y, 1));
    measure("add", 12d * n, () -> backend.add(x, y));
    measure("scale", 8d * n, () -> backend.scale(y, 1));
    measure("softCap", 8d * n, () -> backend.softCap(y, 30));
    measure("sumOfSquares", 4d * n, () -> backend.sumOfSquares(x));
    measure("allFinite", 4d * n, () -> backend.allFinite(x));
    measure("adamW", 28d * n, () -> backend.adamW(y, x, m, v, step));
    int blocks = Math.ceilDiv(n, 256);
    Tensor mBlocks = memory.zeros(DType.DYNAMIC, blocks, 256);
    Tensor vBlocks = memory.zeros(DType.UDYNAMIC, blocks, 256);
    measure("adamW in blocks", 16d * n, () -> backend.adamW(y, x, mBlocks, vBlocks, step));
  }

  private void rows() {
    int rows = size.tokens();
    int h = size.hidden();
    double n = (double) rows * h;
    int[] ids = IntStream.range(0, rows).map(r -> Philox.below(1, r, size.vocabulary())).toArray();
    int[] permutation = Philox.permutation(2, rows);
    long[] keys = IntStream.range(0, rows).mapToLong(r -> r).toArray();
    Tensor table = normal(BF16, size.vocabulary(), h);
    Tensor dTable = memory.zeros(F32, size.vocabulary(), h);
    Tensor x = normal(F32, rows, h);
    Tensor y = normal(F32, rows, h);
    Tensor rounded = normal(BF16, rows, h);
    Tensor half = normal(BF16, rows, h / 2);
    Tensor floats = normal(F32, rows, h / 2);
    Tensor bias = normal(F32, h);
    measure("embedding bf16", 6 * n, () -> backend.embedding(ids, table, y));
    measure("embeddingBackward", 12 * n, () -> backend.embeddingBackward(ids, x, dTable));
    measure("gatherRows", 8 * n, () -> backend.gatherRows(x, permutation, y));
    measure("scatterAddRows", 12 * n, () -> backend.scatterAddRows(x, permutation, y));
    measure("takeColumns bf16", 2 * n, () -> backend.takeColumns(rounded, h / 2, half));
    measure("addColumns bf16", 4 * n, () -> backend.addColumns(floats, rounded, h / 2));
    measure("addBias bf16", 4 * n, () -> backend.addBias(bias, rounded));
    measure("addBiasBackward bf16", 2 * n, () -> backend.addBiasBackward(rounded, bias));
    measure("dropout bf16", 4 * n, () -> backend.dropout(rounded, 0.1, keys, rounded));
    if (h % DType.Q4_K.blockElements() == 0) {
      Tensor blocks = memory.zeros(DType.Q4_K, size.vocabulary(), h);
      measure("embedding q4_k", 4.5625 * n, () -> backend.embedding(ids, blocks, y));
    }
  }

  private void norms() {
    int rows = size.tokens();
    double n = (double) rows * size.hidden();
    Tensor x = normal(F32, rows, size.hidden());
    Tensor weight = normal(F32, size.hidden());
    Tensor y = normal(BF16, rows, size.hidden());
    Tensor dx = memory.zeros(F32, rows, size.hidden());
    Tensor dWeight = memory.zeros(F32, size.hidden());
    Tensor rstd = memory.zeros(F32, rows);
    measure("rmsNorm", 6 * n, () -> backend.rmsNorm(x, weight, 1e-6f, 0, y, rstd));
    measure(
        "rmsNormBackward",
        14 * n,
        () -> backend.rmsNormBackward(y, x, weight, 0, rstd, dx, dWeight));
    Heads heads = size.heads();
    double fusedBytes = 2d * rows * heads.fusedColumns();
    Tensor fused = normal(BF16, rows, heads.fusedColumns());
    Tensor normed = normal(BF16, rows, heads.fusedColumns());
    Tensor query = normal(F32, heads.size());
    Tensor key = normal(F32, heads.size());
    Tensor rstds = memory.zeros(F32, rows, heads.queries() + heads.keyValues());
    Tensor dQuery = memory.zeros(F32, heads.size());
    Tensor dKey = memory.zeros(F32, heads.size());
    measure(
        "headNorm bf16",
        2 * fusedBytes,
        () -> backend.headNorm(fused, heads, query, key, 1e-6f, 0, normed, rstds));
    measure(
        "headNormBackward bf16",
        3 * fusedBytes,
        () ->
            backend.headNormBackward(
                normed, fused, heads, query, key, 0, rstds, normed, dQuery, dKey));
    int[] positions = IntStream.range(0, rows).map(r -> r % size.length()).toArray();
    Tensor table = normal(F32, size.length(), heads.size());
    double rotated = heads.queries() + heads.keyValues();
    measure(
        "rope bf16",
        4d * rows * rotated * heads.size(),
        () -> backend.rope(fused, heads, positions, table, false));
  }

  private void gates() {
    int n = size.feedForward();
    double elements = (double) size.tokens() * n;
    Tensor x = normal(BF16, size.tokens(), 2 * n);
    Tensor y = normal(BF16, size.tokens(), n);
    Tensor dx = normal(BF16, size.tokens(), 2 * n);
    for (Gate gate : Gate.values()) {
      measure("gated " + gate, 6 * elements, () -> backend.gated(gate, x, y));
      measure("gatedBackward " + gate, 10 * elements, () -> backend.gatedBackward(gate, y, x, dx));
    }
  }

  private void products() {
    int in = size.hidden();
    int out = 2 * size.feedForward();
    Tensor weight = normal(F32, out, in);
    Tensor dWeight = memory.zeros(F32, out, in);
    for (DType type : new DType[] {BF16, F32}) {
      Tensor x = normal(type, size.tokens(), in);
      Tensor y = normal(type, size.tokens(), out);
      Tensor few = x.rows(0, size.decoding());
      Tensor fewOut = y.rows(0, size.decoding());
      double operations = 2d * size.tokens() * in * out;
      double bytes = (double) type.bytes() * out * in;
      try (Linear linear = backend.linear(weight, type)) {
        measure(
            "linearForward " + type,
            bytes,
            operations,
            () -> backend.linearForward(linear, x, y, false));
        measure(
            "linearForward " + type + " of " + size.decoding() + " rows",
            bytes,
            () -> backend.linearForward(linear, few, fewOut, false));
        measure(
            "linearBackwardInput " + type,
            bytes,
            operations,
            () -> backend.linearBackwardInput(linear, y, x, false));
      }
      measure(
          "linearBackwardWeight " + type,
          bytes,
          operations,
          () -> backend.linearBackwardWeight(x, y, dWeight));
    }
  }

  private void attention() {
    Heads heads = size.heads();
    int rows = size.tokens();
    int[] lengths = new int[rows / size.length()];
    Arrays.fill(lengths, size.length());
    Segments segments = Segments.ofLengths(lengths);
    AttentionForm form = AttentionForm.scaled((float) (1 / Math.sqrt(heads.size())));
    Tensor fused = normal(BF16, rows, heads.fusedColumns());
    Tensor out = normal(BF16, rows, heads.outputColumns());
    Tensor dFused = normal(BF16, rows, heads.fusedColumns());
    Tensor logSumExp = memory.zeros(F32, rows, heads.queries());
    double pairs = (double) rows * (size.length() + 1) / 2;
    double operations = 4 * pairs * heads.outputColumns();
    double bytes = 2d * rows * (heads.fusedColumns() + heads.outputColumns());
    measure(
        "attention bf16",
        bytes,
        operations,
        () -> backend.attention(fused, heads, segments, form, out, logSumExp));
    measure(
        "attentionBackward bf16",
        2 * bytes,
        2.5 * operations,
        () -> backend.attentionBackward(out, fused, heads, segments, form, out, logSumExp, dFused));
    decoding(heads, form);
  }

  private void decoding(Heads heads, AttentionForm form) {
    int sequences = size.decoding();
    int pageSize;
    try (KvCache page = backend.kvCache(1, 1, heads, BF16)) {
      pageSize = page.pageSize();
    }
    int pages = Math.ceilDiv(size.length(), pageSize);
    int[][] pagesOf = new int[sequences][];
    for (int s = 0; s < sequences; s++) {
      int first = s * pages;
      pagesOf[s] = IntStream.range(first, first + pages).toArray();
    }
    int[] sequence = IntStream.range(0, sequences).toArray();
    int[] length = new int[sequences];
    Arrays.fill(length, size.length());
    CachedRows rows = new CachedRows(pagesOf, sequence, length);
    Tensor fused = normal(BF16, sequences, heads.fusedColumns());
    Tensor out = normal(BF16, sequences, heads.outputColumns());
    int[] slots =
        IntStream.range(0, sequences).map(s -> s * pages * pageSize + size.length() - 1).toArray();
    try (KvCache cache = backend.kvCache(1, sequences * pages, heads, BF16)) {
      measure(
          "cacheStore bf16",
          8d * sequences * heads.keyValues() * heads.size(),
          () -> backend.cacheStore(fused, heads, cache, 0, slots));
      measure(
          "cachedAttention bf16",
          4d * sequences * size.length() * heads.keyValues() * heads.size(),
          () -> backend.cachedAttention(fused, heads, cache, 0, rows, form, out));
    }
  }

  private void head() {
    int rows = size.tokens();
    int h = size.hidden();
    int vocabulary = size.vocabulary();
    Tensor weight = normal(F32, vocabulary, h);
    Tensor dWeight = memory.zeros(F32, vocabulary, h);
    Tensor x = normal(BF16, rows, h);
    Tensor dx = memory.zeros(F32, rows, h);
    Tensor logprobs = memory.zeros(F32, rows);
    Tensor entropy = memory.zeros(F32, rows);
    Tensor logSumExp = memory.zeros(F32, rows);
    int[] targets = IntStream.range(0, rows).map(r -> Philox.below(3, r, vocabulary)).toArray();
    float[] slopes = new float[rows];
    Arrays.fill(slopes, 1e-3f);
    double operations = 2d * rows * h * vocabulary;
    try (Linear head = backend.linear(weight, BF16)) {
      measure(
          "tokenLogprobs bf16",
          2d * vocabulary * h,
          operations,
          () -> backend.tokenLogprobs(head, x, targets, 1, logprobs, entropy, logSumExp));
      measure(
          "tokenLogprobsBackward bf16",
          6d * vocabulary * h,
          3 * operations,
          () ->
              backend.tokenLogprobsBackward(
                  head, x, targets, 1, entropy, logSumExp, slopes, slopes, dx, dWeight));
    }
    int sequences = size.decoding();
    Tensor logits = normal(F32, sequences, vocabulary);
    Sampling[] settings = new Sampling[sequences];
    Arrays.fill(settings, Sampling.PLAIN);
    double[] uniforms =
        IntStream.range(0, sequences).mapToDouble(s -> Philox.uniform(4, s)).toArray();
    int[] tokens = new int[sequences];
    float[] drawn = new float[sequences];
    measure(
        "sample",
        4d * sequences * vocabulary,
        () -> backend.sample(logits, settings, uniforms, tokens, drawn));
  }

  private Tensor normal(DType type, int... extents) {
    return normal(backend, memory, type, extents);
  }

  /** Numbers about 0, the same few over and over: a product of zeros would run faster. */
  static Tensor normal(Backend backend, Workspace memory, DType type, int... extents) {
    Tensor tensor = memory.tensor(type, extents);
    int count = Math.toIntExact(tensor.size());
    Tensor all = tensor.reshape(count, 1);
    float[] first = new float[Math.min(DRAWN, count)];
    for (int i = 0; i < first.length; i++) {
      first[i] = (float) (0.02 * Philox.normal(5, i));
    }
    backend.write(all.rows(0, first.length), first);
    for (int done = first.length; done < count; ) {
      int more = Math.min(done, count - done);
      backend.copy(all.rows(0, more), all.rows(done, done + more));
      done += more;
    }
    return tensor;
  }
}
