package io.whetstone.tensor.conformance;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.whetstone.tensor.AdamWStep;
import io.whetstone.tensor.AttentionForm;
import io.whetstone.tensor.Backend;
import io.whetstone.tensor.CachedRows;
import io.whetstone.tensor.DType;
import io.whetstone.tensor.Gate;
import io.whetstone.tensor.Heads;
import io.whetstone.tensor.KvCache;
import io.whetstone.tensor.Linear;
import io.whetstone.tensor.Sampling;
import io.whetstone.tensor.Segments;
import io.whetstone.tensor.Tensor;
import java.util.Arrays;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/** Wrong shapes and types are refused by name; wrong indices never reach memory. */
interface MisuseConformance extends Conformance {
  /**
   * A kernel's tensor: its name in {@link Backend} and its extents. An extent that the kernel takes
   * as it comes (the rows of a table) is negative.
   */
  record Operand(String name, int... extents) {
    Tensor tensor(Rig rig) {
      return rig.inOut(new double[size()], absolute());
    }

    Tensor ofIntegers(Rig rig) {
      return rig.integers(absolute());
    }

    /** The same with one more in the given extent. */
    Tensor longer(Rig rig, int axis) {
      int[] changed = absolute();
      changed[axis]++;
      return new Operand(name, changed).tensor(rig);
    }

    private int[] absolute() {
      return Arrays.stream(extents).map(Math::abs).toArray();
    }

    private int size() {
      return Arrays.stream(absolute()).reduce(1, (a, b) -> a * b);
    }
  }

  private void refusesEach(String kernel, Consumer<Tensor[]> call, Operand... operands) {
    String[] names = Arrays.stream(operands).map(Operand::name).toArray(String[]::new);
    call.accept(Arrays.stream(operands).map(o -> o.tensor(rig())).toArray(Tensor[]::new));
    for (int i = 0; i < operands.length; i++) {
      Tensor[] tensors = Arrays.stream(operands).map(o -> o.tensor(rig())).toArray(Tensor[]::new);
      for (int axis = 0; axis < operands[i].extents().length; axis++) {
        if (operands[i].extents()[axis] > 0) {
          tensors[i] = operands[i].longer(rig(), axis);
          refused(kernel + ": " + names[i] + " is longer", () -> call.accept(tensors), names);
        }
      }
      tensors[i] = operands[i].ofIntegers(rig());
      refused(kernel + ": " + names[i] + " is I32", () -> call.accept(tensors), names[i]);
    }
  }

  private static void refused(String what, Executable call, String... names) {
    String message = assertThrows(IllegalArgumentException.class, call, what).getMessage();
    assertTrue(
        message != null
            && Arrays.stream(names).anyMatch(n -> message.matches("(?si).*\\b" + n + "\\b.*")),
        () ->
            "%s: the message names none of %s: %s"
                .formatted(what, Arrays.toString(names), message));
  }

  private static Operand of(String name, int... extents) {
    return new Operand(name, extents);
  }

  @Test
  default void wrongShapesOfElementwiseKernelsAreRefused() {
    Backend b = rig().backend();
    refusesEach("add", t -> b.add(t[0], t[1]), of("x", 3, 7), of("y", 3, 7));
    refusesEach(
        "gatherRows",
        t -> b.gatherRows(t[0], new int[] {0, 1, 1}, t[1]),
        of("x", -5, 7),
        of("y", 3, 7));
    refusesEach(
        "scatterAddRows",
        t -> b.scatterAddRows(t[0], new int[] {0, 1, 1}, t[1]),
        of("dy", 3, 7),
        of("dx", -5, 7));
    refusesEach(
        "adamW",
        t -> b.adamW(t[0], t[1], t[2], t[3], new AdamWStep(0.1, 0.9, 0.9, 1e-8, 0, 1, 1)),
        of("weight", 3, 7),
        of("gradient", 3, 7),
        of("m", 3, 7),
        of("v", 3, 7));
  }

  @Test
  default void wrongSizesOfHostArraysAreRefused() {
    Backend b = rig().backend();
    Tensor floats = rig().inOut(new double[3], 3);
    Tensor ints = rig().integers(3);
    assertThrows(IllegalArgumentException.class, () -> b.write(floats, new float[4]));
    assertThrows(IllegalArgumentException.class, () -> b.write(ints, new int[2]));
    assertThrows(IllegalArgumentException.class, () -> b.write(floats, new int[3]));
    assertThrows(IllegalArgumentException.class, () -> b.write(ints, new float[3]));
    assertThrows(IllegalArgumentException.class, () -> b.readFloats(ints));
    assertThrows(IllegalArgumentException.class, () -> b.copy(floats, rig().output(4)));
    assertThrows(IllegalArgumentException.class, () -> b.copy(floats, ints));
  }

  @Test
  default void wrongShapesOfProductsAreRefused() {
    Backend b = rig().backend();
    refused("linear: I32", () -> b.linear(rig().integers(5, 7), DType.F32), "weight");
    try (Linear w = b.linear(rig().inOut(new double[35], 5, 7), DType.F32)) {
      for (boolean accumulate : new boolean[] {false, true}) {
        refusesEach(
            "linearForward",
            t -> b.linearForward(w, t[0], t[1], accumulate),
            of("x", 3, 7),
            of("y", 3, 5));
        refusesEach(
            "linearBackwardInput",
            t -> b.linearBackwardInput(w, t[0], t[1], accumulate),
            of("dy", 3, 5),
            of("dx", 3, 7));
      }
    }
    refusesEach(
        "linearBackwardWeight",
        t -> b.linearBackwardWeight(t[0], t[1], t[2]),
        of("x", 3, 7),
        of("dy", 3, 5),
        of("dw", 5, 7));
    refusesEach("addBias", t -> b.addBias(t[0], t[1]), of("bias", 7), of("y", -3, 7));
    refusesEach(
        "addBiasBackward", t -> b.addBiasBackward(t[0], t[1]), of("dy", -3, 7), of("dBias", 7));
  }

  @Test
  default void wrongShapesOfLayersAreRefused() {
    Backend b = rig().backend();
    int[] ids = {0, 4, 4};
    refusesEach("embedding", t -> b.embedding(ids, t[0], t[1]), of("table", -5, 7), of("y", 3, 7));
    refusesEach(
        "embeddingBackward",
        t -> b.embeddingBackward(ids, t[0], t[1]),
        of("dy", 3, 7),
        of("dTable", -5, 7));
    refusesEach(
        "rmsNorm",
        t -> b.rmsNorm(t[0], t[1], 1e-5f, 0, t[2], t[3]),
        of("x", 3, 7),
        of("weight", 7),
        of("y", 3, 7),
        of("rstd", 3));
    refusesEach(
        "rmsNormBackward",
        t -> b.rmsNormBackward(t[0], t[1], t[2], 0, t[3], t[4], t[5]),
        of("dy", 3, 7),
        of("x", 3, 7),
        of("weight", 7),
        of("rstd", 3),
        of("dx", 3, 7),
        of("dWeight", 7));
    Heads heads = new Heads(2, 1, 4);
    refusesEach(
        "rope",
        t -> b.rope(t[0], heads, ids, t[1], false),
        of("fused", 3, heads.fusedColumns()),
        of("table", -5, 4));
    for (Gate gate : Gate.values()) {
      refusesEach("gated", t -> b.gated(gate, t[0], t[1]), of("x", 3, 14), of("y", 3, 7));
      refusesEach(
          "gatedBackward",
          t -> b.gatedBackward(gate, t[0], t[1], t[2]),
          of("dy", 3, 7),
          of("x", 3, 14),
          of("dx", 3, 14));
    }
  }

  @Test
  default void wrongShapesOfAttentionAreRefused() {
    Backend b = rig().backend();
    Heads heads = new Heads(2, 1, 4);
    Segments segments = Segments.ofLengths(1, 2);
    AttentionForm form = AttentionForm.scaled(1);
    Operand fused = of("fused", 3, heads.fusedColumns());
    Operand out = of("out", 3, heads.outputColumns());
    Operand logSumExp = of("logSumExp", 3, heads.queries());
    refusesEach(
        "attention",
        t -> b.attention(t[0], heads, segments, form, t[1], t[2]),
        fused,
        out,
        logSumExp);
    refusesEach(
        "attentionBackward",
        t -> b.attentionBackward(t[0], t[1], heads, segments, form, t[2], t[3], t[4]),
        of("dOut", 3, heads.outputColumns()),
        fused,
        out,
        logSumExp,
        of("dFused", 3, heads.fusedColumns()));
    try (KvCache cache = b.kvCache(1, 2, heads, DType.F32)) {
      int[] slots = {0, 1, 2};
      CachedRows rows =
          new CachedRows(new int[][] {{0, 1}}, new int[] {0, 0, 0}, new int[] {1, 1, 1});
      refusesEach("cacheStore", t -> b.cacheStore(t[0], heads, cache, 0, slots), fused);
      refusesEach(
          "cachedAttention",
          t -> b.cachedAttention(t[0], heads, cache, 0, rows, form, t[1]),
          fused,
          out);
      Heads others = new Heads(4, 2, 4);
      Tensor othersFused = rig().inOut(new double[3 * 32], 3, others.fusedColumns());
      refused(
          "cacheStore: heads of another shape than the cache's",
          () -> b.cacheStore(othersFused, others, cache, 0, slots),
          "heads",
          "cache");
    }
  }

  @Test
  default void wrongShapesOfTheHeadAreRefused() {
    Backend b = rig().backend();
    int[] targets = {0, 4, 4};
    try (Linear head = b.linear(rig().inOut(new double[35], 5, 7), DType.F32)) {
      refusesEach(
          "tokenLogprobs",
          t -> b.tokenLogprobs(head, t[0], targets, 1, t[1], t[2], t[3]),
          of("x", 3, 7),
          of("logprobs", 3),
          of("entropy", 3),
          of("logSumExp", 3));
      float[] d = new float[3];
      refusesEach(
          "tokenLogprobsBackward",
          t -> b.tokenLogprobsBackward(head, t[0], targets, 1, t[1], t[2], d, d, t[3], t[4]),
          of("x", 3, 7),
          of("entropy", 3),
          of("logSumExp", 3),
          of("dx", 3, 7),
          of("dHead", 5, 7));
    }
    Tensor logits = rig().inOut(new double[15], 3, 5);
    Sampling[] plain = {Sampling.PLAIN, Sampling.PLAIN, Sampling.PLAIN};
    Sampling[] four = {Sampling.PLAIN, Sampling.PLAIN, Sampling.PLAIN, Sampling.PLAIN};
    double[] u = new double[3];
    int[] tokens = new int[3];
    float[] logprobs = new float[3];
    refused("sample", () -> b.sample(rig().integers(3, 5), plain, u, tokens, logprobs), "logits");
    refused("sample", () -> b.sample(logits, four, u, tokens, logprobs), "rows", "logits");
    refused("sample", () -> b.sample(logits, plain, new double[2], tokens, logprobs), "uniforms");
    refused("sample", () -> b.sample(logits, plain, u, new int[4], logprobs), "tokens");
    refused("sample", () -> b.sample(logits, plain, u, tokens, new float[1]), "logprobs");
  }

  /** An id from a broken tokenizer must be an error that shows it, not a read of other memory. */
  @Test
  default void indicesOutOfRangeAreRefused() {
    Backend b = rig().backend();
    Heads heads = new Heads(2, 1, 4);
    Tensor table = rig().inOut(new double[35], 5, 7);
    Tensor row = rig().inOut(new double[7], 1, 7);
    Tensor one = rig().inOut(new double[1], 1);
    Tensor fused = rig().inOut(new double[16], 1, heads.fusedColumns());
    Tensor out = rig().inOut(new double[8], 1, heads.outputColumns());
    Tensor angles = rig().inOut(new double[20], 5, 4);
    try (Linear head = b.linear(table, DType.F32);
        KvCache cache = b.kvCache(1, 2, heads, DType.F32)) {
      for (int bad : new int[] {-1, 5, Integer.MAX_VALUE}) {
        int[] index = {bad};
        outOfRange(bad, () -> b.embedding(index, table, row));
        outOfRange(bad, () -> b.embeddingBackward(index, row, table));
        outOfRange(bad, () -> b.gatherRows(table, index, row));
        outOfRange(bad, () -> b.scatterAddRows(row, index, table));
        outOfRange(bad, () -> b.rope(fused, heads, index, angles, false));
        outOfRange(bad, () -> b.tokenLogprobs(head, row, index, 1, one, one, one));
        outOfRange(
            bad,
            () ->
                b.tokenLogprobsBackward(
                    head, row, index, 1, one, one, new float[1], new float[1], row, table));
      }
      for (int bad : new int[] {-1, 2 * cache.pageSize(), Integer.MAX_VALUE}) {
        outOfRange(bad, () -> b.cacheStore(fused, heads, cache, 0, new int[] {bad}));
      }
      for (int bad : new int[] {-1, 2}) {
        CachedRows rows = new CachedRows(new int[][] {{bad}}, new int[] {0}, new int[] {1});
        outOfRange(
            bad,
            () -> b.cachedAttention(fused, heads, cache, 0, rows, AttentionForm.scaled(1), out));
        outOfRange(bad, () -> b.cacheStore(fused, heads, cache, bad, new int[] {0}));
        outOfRange(bad, () -> cache.copyPage(0, bad));
        outOfRange(bad, () -> cache.copyPage(bad, 0));
      }
      for (int bad : new int[] {0, cache.pageSize() + 1}) {
        CachedRows rows = new CachedRows(new int[][] {{1}}, new int[] {0}, new int[] {bad});
        outOfRange(
            bad,
            () -> b.cachedAttention(fused, heads, cache, 0, rows, AttentionForm.scaled(1), out));
      }
    }
  }

  private static void outOfRange(int bad, Executable call) {
    RuntimeException refusal =
        assertThrows(RuntimeException.class, call, () -> "the index " + bad + " was accepted");
    assertTrue(
        (refusal instanceof IllegalArgumentException
                || refusal instanceof IndexOutOfBoundsException)
            && String.valueOf(refusal.getMessage()).contains(String.valueOf(bad)),
        () -> "the index " + bad + " is refused by " + refusal);
  }

  @Test
  default void impossibleDrawsAreRefused() {
    Backend b = rig().backend();
    Tensor logits = rig().inOut(new double[3], 1, 3);
    Sampling[] all = {new Sampling(1, 0, 1, 0, 0, 1, 2)};
    refused(
        "every token is suppressed",
        () -> b.sample(logits, all, new double[1], new int[1], new float[1]),
        "suppressed");
    refused(
        "a uniform number of 1",
        () ->
            b.sample(
                logits,
                new Sampling[] {Sampling.PLAIN},
                new double[] {1},
                new int[1],
                new float[1]),
        "uniforms");
  }
}
