package io.whetstone.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.whetstone.tensor.AttentionForm;
import io.whetstone.tensor.Backend;
import io.whetstone.tensor.CachedRows;
import io.whetstone.tensor.DType;
import io.whetstone.tensor.Heads;
import io.whetstone.tensor.KvCache;
import io.whetstone.tensor.Philox;
import io.whetstone.tensor.Segments;
import io.whetstone.tensor.Tensor;
import io.whetstone.tensor.Workspace;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Sequences of several chunks of positions, and prompts that many sequences share. */
class LongAttentionTest {
  private static final int PROMPT = 560;
  private static final int[] COMPLETIONS = {40, 220, 0, 5};

  /** Packed: the prompt, and each completion behind it. */
  private static final Segments GROUP = group(PROMPT, COMPLETIONS);

  private StandIn standIn;
  private Backend backend;
  private Workspace memory;

  @BeforeEach
  void open() {
    standIn = StandIn.fast();
    backend = new CudaBackendProvider().open(1);
    memory = backend.workspace("test");
  }

  @AfterEach
  void close() {
    if (backend != null) {
      memory.close();
      backend.close();
      assertEquals("", standIn.reports());
    }
  }

  private static Segments group(int prompt, int... completions) {
    int count = completions.length + 1;
    int[] start = new int[count];
    int[] end = new int[count];
    int[] prefixEnd = new int[count];
    end[0] = prompt;
    for (int s = 1; s < count; s++) {
      start[s] = end[s - 1];
      end[s] = start[s] + completions[s - 1];
      prefixEnd[s] = prompt;
    }
    return new Segments(start, end, new int[count], prefixEnd);
  }

  /**
   * A prompt's rows at once, one by one, and completions behind pages that they share: one alone,
   * which is split into chunks, and all of them, of which the prompt's chunks are shared.
   */
  @Test
  void decodingGivesTheBitsOfPackedAttention() {
    Heads heads = new Heads(4, 2, 32);
    AttentionForm plain = AttentionForm.scaled(0.3f);
    AttentionForm windowed = new AttentionForm(0.2f, 4, 300);
    decoding(DType.F32, heads, windowed);
    decoding(DType.BF16, heads, windowed);
    decoding(DType.BF16, heads, plain);
    // A group of more than a warp of tensor cores' takes.
    decoding(DType.BF16, new Heads(17, 1, 8), plain);
  }

  /** Two warps have large heads' vectors together, but where there are few. */
  @Test
  void largeHeadsToo() {
    decoding(DType.BF16, new Heads(2, 1, 136), new AttentionForm(0.2f, 4, 300));
  }

  @Test
  @Tag("long")
  void theLargestHeadsToo() {
    for (int size : new int[] {192, 222, 256}) {
      decoding(DType.BF16, new Heads(3, 1, size), AttentionForm.scaled(0.05f));
    }
  }

  private void decoding(DType type, Heads heads, AttentionForm form) {
    int rows = GROUP.rows();
    float[] numbers = numbers(1, rows * heads.fusedColumns());
    Tensor fused = tensor(type, numbers, rows, heads.fusedColumns());
    Tensor out = memory.tensor(type, rows, heads.outputColumns());
    backend.attention(
        fused, heads, GROUP, form, out, memory.tensor(DType.F32, rows, heads.queries()));
    float[] packed = backend.readFloats(out);

    int size;
    try (KvCache probe = backend.kvCache(1, 1, heads, type)) {
      size = probe.pageSize();
    }
    int shared = PROMPT / size;
    int own = Math.ceilDiv(PROMPT + 220, size) - shared;
    int sequences = COMPLETIONS.length;
    int[][] pages = new int[sequences][shared + own];
    for (int s = 0; s < sequences; s++) {
      for (int p = 0; p < shared + own; p++) {
        pages[s][p] = p < shared ? 3 * p % shared : shared + (s + 1) * own - 1 - (p - shared);
      }
    }
    try (KvCache cache = backend.kvCache(1, shared + sequences * own, heads, type)) {
      for (int s = 0; s < sequences; s++) {
        store(cache, fused, heads, s, pages[s], size);
      }
      // The prompt by itself: all of it, and its last row.
      int[] prompt = new int[PROMPT];
      Arrays.setAll(prompt, r -> r);
      same(packed, fused, heads, form, cache, pages, 0, prompt);
      same(packed, fused, heads, form, cache, pages, 0, PROMPT - 1);
      // A row of each completion at once, in another order than the sequences', and each alone.
      int[] last = {GROUP.end()[4] - 1, GROUP.end()[1] - 1, GROUP.end()[2] - 1};
      same(packed, fused, heads, form, cache, pages, -1, last);
      for (int row : last) {
        same(packed, fused, heads, form, cache, pages, -1, row);
      }
      // Several rows of each.
      int[] some = {561, 595, 600, 660, 800, 819, 821, 560};
      same(packed, fused, heads, form, cache, pages, -1, some);
    }
    memory.reset();
  }

  /** Stores the prompt and completion s + 1. */
  private void store(KvCache cache, Tensor fused, Heads heads, int s, int[] pages, int size) {
    int completion = GROUP.end()[s + 1] - GROUP.start()[s + 1];
    int[] slots = new int[PROMPT + completion];
    Arrays.setAll(slots, p -> pages[p / size] * size + p % size);
    backend.cacheStore(fused.rows(0, PROMPT), heads, cache, 0, Arrays.copyOf(slots, PROMPT));
    backend.cacheStore(
        fused.rows(GROUP.start()[s + 1], GROUP.end()[s + 1]),
        heads,
        cache,
        0,
        Arrays.copyOfRange(slots, PROMPT, slots.length));
  }

  /**
   * Fails unless packed rows come out the same from the cache.
   *
   * @param sequence theirs, or −1 for the completion they are of
   */
  private void same(
      float[] packed,
      Tensor fused,
      Heads heads,
      AttentionForm form,
      KvCache cache,
      int[][] pages,
      int sequence,
      int... rows) {
    int[] sequences = new int[rows.length];
    int[] lengths = new int[rows.length];
    int columns = heads.outputColumns();
    float[] expected = new float[rows.length * columns];
    for (int i = 0; i < rows.length; i++) {
      int s = 0;
      while (rows[i] >= GROUP.end()[s]) {
        s++;
      }
      sequences[i] = sequence < 0 ? s - 1 : sequence;
      lengths[i] = GROUP.prefixLength(s) + rows[i] - GROUP.start()[s] + 1;
      System.arraycopy(packed, rows[i] * columns, expected, i * columns, columns);
    }
    Tensor queries = memory.tensor(fused.dtype(), rows.length, heads.fusedColumns());
    backend.gatherRows(fused, rows, queries);
    Tensor out = memory.tensor(fused.dtype(), rows.length, columns);
    backend.cachedAttention(
        queries, heads, cache, 0, new CachedRows(pages, sequences, lengths), form, out);
    assertArrayEquals(
        expected,
        backend.readFloats(out),
        "%s, %s, %s, %d rows from %d".formatted(fused.dtype(), heads, form, rows.length, rows[0]));
  }

  /** A row far along, against the formula in double. */
  @Test
  void aLongSequenceIsRight() {
    Heads heads = new Heads(2, 1, 64);
    for (DType type : new DType[] {DType.F32, DType.BF16}) {
      int rows = 900;
      Tensor fused =
          tensor(type, numbers(2, rows * heads.fusedColumns()), rows, heads.fusedColumns());
      Tensor out = memory.tensor(type, rows, heads.outputColumns());
      Tensor logs = memory.tensor(DType.F32, rows, heads.queries());
      AttentionForm form = AttentionForm.scaled(0.2f);
      backend.attention(fused, heads, Segments.ofLengths(rows), form, out, logs);
      float[] f = backend.readFloats(fused);
      float[] got = backend.readFloats(out);
      for (int row : new int[] {255, 256, 511, 700, 899}) {
        for (int head = 0; head < heads.queries(); head++) {
          double[] p = weights(f, heads, row, head, 0.2f);
          for (int c = 0; c < heads.size(); c++) {
            double value = 0;
            double terms = 0;
            for (int j = 0; j <= row; j++) {
              double term = p[j] * f[j * 256 + 192 + c];
              value += term;
              terms += Math.abs(term);
            }
            double rounding = type == DType.BF16 ? 0x1p-8 * Math.abs(value) : 0;
            assertEquals(
                value, got[row * 128 + head * 64 + c], rounding + 1e-5 * terms, "row " + row);
          }
        }
      }
      memory.reset();
    }
  }

  /** Of two query heads, one key head and heads of 64. */
  private static double[] weights(float[] fused, Heads heads, int row, int head, float scale) {
    double[] p = new double[row + 1];
    double most = Double.NEGATIVE_INFINITY;
    for (int j = 0; j <= row; j++) {
      for (int c = 0; c < heads.size(); c++) {
        p[j] += (double) fused[row * 256 + head * 64 + c] * fused[j * 256 + 128 + c] * scale;
      }
      most = Math.max(most, p[j]);
    }
    double sum = 0;
    for (int j = 0; j <= row; j++) {
      p[j] = Math.exp(p[j] - most);
      sum += p[j];
    }
    for (int j = 0; j <= row; j++) {
      p[j] /= sum;
    }
    return p;
  }

  /**
   * More completions than parts that a prompt's gradients are summed in: they are those of each
   * completion alone with the prompt, added.
   */
  @Test
  void aPromptsGradientsAreTheSumOverItsCompletions() {
    Heads heads = new Heads(4, 2, 16);
    int prompt = 70;
    int[] completions = new int[19];
    Arrays.setAll(completions, i -> i % 4 * 6);
    Segments all = group(prompt, completions);
    int columns = heads.fusedColumns();
    for (DType type : new DType[] {DType.F32, DType.BF16}) {
      for (AttentionForm form :
          List.of(AttentionForm.scaled(0.3f), new AttentionForm(0.3f, 0, 40))) {
        float[] numbers = numbers(3, all.rows() * columns);
        float[] dOut = numbers(4, all.rows() * heads.outputColumns());
        float[] together = gradient(type, heads, all, form, numbers, dOut);
        double[] sum = new double[prompt * columns];
        double[] terms = new double[sum.length];
        for (int s = 0; s < all.count(); s++) {
          int from = s == 0 ? prompt : all.start()[s];
          int to = s == 0 ? prompt : all.end()[s];
          float[] own = pair(numbers, columns, prompt, from, to);
          float[] ownOut = pair(dOut, heads.outputColumns(), prompt, from, to);
          if (s > 0) {
            Arrays.fill(ownOut, 0, prompt * heads.outputColumns(), 0);
          }
          float[] alone = gradient(type, heads, group(prompt, to - from), form, own, ownOut);
          for (int i = 0; i < sum.length; i++) {
            sum[i] += alone[i];
            terms[i] += Math.abs(alone[i]);
          }
          float[] completion = Arrays.copyOfRange(alone, prompt * columns, alone.length);
          assertArrayEquals(
              Arrays.copyOfRange(together, from * columns, to * columns), completion, "of " + s);
        }
        double tolerance = type == DType.BF16 ? 0x1p-7 : 2e-6;
        for (int i = 0; i < sum.length; i++) {
          assertEquals(sum[i], together[i], tolerance * (terms[i] + 0.01), type + " " + i);
        }
      }
    }
  }

  private static float[] pair(float[] matrix, int columns, int prompt, int from, int to) {
    float[] both = Arrays.copyOf(matrix, (prompt + to - from) * columns);
    System.arraycopy(matrix, from * columns, both, prompt * columns, (to - from) * columns);
    return both;
  }

  private float[] gradient(
      DType type,
      Heads heads,
      Segments segments,
      AttentionForm form,
      float[] numbers,
      float[] dOut) {
    int rows = segments.rows();
    Tensor fused = tensor(type, numbers, rows, heads.fusedColumns());
    Tensor out = memory.tensor(type, rows, heads.outputColumns());
    Tensor logs = memory.tensor(DType.F32, rows, heads.queries());
    backend.attention(fused, heads, segments, form, out, logs);
    Tensor dFused = memory.tensor(type, rows, heads.fusedColumns());
    Tensor dOuts = tensor(type, dOut, rows, heads.outputColumns());
    backend.attentionBackward(dOuts, fused, heads, segments, form, out, logs, dFused);
    float[] gradient = backend.readFloats(dFused);
    memory.reset();
    return gradient;
  }

  private static float[] numbers(long key, int size) {
    float[] numbers = new float[size];
    for (int i = 0; i < size; i++) {
      numbers[i] = (float) Philox.normal(key, i);
    }
    return numbers;
  }

  private Tensor tensor(DType type, float[] numbers, int... extents) {
    Tensor tensor = memory.tensor(type, extents);
    backend.write(tensor, numbers);
    return tensor;
  }
}
