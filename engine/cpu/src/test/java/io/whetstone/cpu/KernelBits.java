package io.whetstone.cpu;

import io.whetstone.tensor.AdamWStep;
import io.whetstone.tensor.AttentionForm;
import io.whetstone.tensor.DType;
import io.whetstone.tensor.Gate;
import io.whetstone.tensor.Heads;
import io.whetstone.tensor.Philox;
import io.whetstone.tensor.Sampling;
import io.whetstone.tensor.Segments;
import io.whetstone.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import jdk.incubator.vector.FloatVector;

/** Runs the kernels once on fixed numbers; its main program prints a hash of each one's bits. */
final class KernelBits {
  private static final int ROWS = 19;
  private static final int COLUMNS = 43;

  private static final Workers WORKERS = new TestWorkers(2);
  private static final Gemm ONE_DNN = new DnnlGemm(WORKERS, OneDnn.open());
  private static final Gemm VECTOR = new VectorGemm(WORKERS, "asked for");

  private static final Arena MEMORY = Arena.ofAuto();

  private final Map<String, Integer> hashes = new TreeMap<>();

  private KernelBits() {}

  public static void main(String[] arguments) {
    System.out.println(hashes());
  }

  static Map<String, Integer> hashes() {
    KernelBits bits = new KernelBits();
    bits.math();
    for (DType type : new DType[] {DType.F32, DType.BF16}) {
      bits.norm(type);
      bits.headNorm(type);
      bits.rotation(type);
      bits.gates(type);
      bits.attention(type);
    }
    for (DType dtype : new DType[] {DType.F32, DType.BF16}) {
      bits.head("oneDNN " + dtype, ONE_DNN, dtype);
      bits.head("vector " + dtype, VECTOR, dtype);
    }
    bits.optimizer();
    return bits.hashes;
  }

  private void math() {
    float[] exps = new float[8 * Memory.LANES];
    float[] logs = new float[exps.length];
    float[] tanhs = new float[exps.length];
    float[] powers = new float[exps.length];
    float[] sums = new float[exps.length / Memory.LANES];
    float[] x = numbers(1, exps.length, 30);
    for (int i = 0; i < x.length; i += Memory.LANES) {
      FloatVector vector = FloatVector.fromArray(Memory.SPECIES, x, i);
      FloatVector exp = VectorMath.exp(vector);
      exp.intoArray(exps, i);
      VectorMath.log(exp).intoArray(logs, i);
      VectorMath.tanh(vector).intoArray(tanhs, i);
      VectorMath.expOfNegative(vector.abs().neg()).intoArray(powers, i);
      sums[i / Memory.LANES] = VectorMath.sum(vector);
    }
    hash("exp", exps);
    hash("log", logs);
    hash("tanh", tanhs);
    hash("expOfNegative", powers);
    hash("sum", sums);
    for (int i = 0; i < x.length; i++) {
      exps[i] = VectorMath.exp(x[i]);
      logs[i] = VectorMath.log(exps[i]);
    }
    hash("scalar exp", exps);
    hash("scalar log", logs);
  }

  private void norm(DType type) {
    RmsNorm norm = new RmsNorm(new TestWorkers(2));
    Tensor x = tensor(2, ROWS, COLUMNS);
    Tensor weight = tensor(3, COLUMNS);
    Tensor y = tensor(type, 4, ROWS, COLUMNS);
    Tensor rstd = tensor(5, ROWS);
    norm.rmsNorm(x, weight, 1e-6f, 1, y, rstd);
    hash(type + " rmsNorm", y, rstd);
    Tensor dx = tensor(6, ROWS, COLUMNS);
    Tensor dWeight = tensor(7, COLUMNS);
    norm.rmsNormBackward(tensor(type, 8, ROWS, COLUMNS), x, weight, 1, rstd, dx, dWeight);
    hash(type + " rmsNormBackward", dx, dWeight);
  }

  private void headNorm(DType type) {
    Heads heads = new Heads(3, 1, 20);
    HeadNorm norm = new HeadNorm(new TestWorkers(2));
    Tensor fused = tensor(type, 40, ROWS, heads.fusedColumns());
    Tensor queryWeight = tensor(41, 20);
    Tensor keyWeight = tensor(42, 20);
    Tensor normed = tensor(type, 43, ROWS, heads.fusedColumns());
    Tensor rstd = tensor(44, ROWS, 4);
    norm.headNorm(fused, heads, queryWeight, keyWeight, 1e-6f, 0, normed, rstd);
    hash(type + " headNorm", normed, rstd);
    Tensor[] d = {tensor(45, 20), tensor(46, 20), tensor(type, 47, ROWS, heads.fusedColumns())};
    norm.headNormBackward(normed, fused, heads, queryWeight, keyWeight, 0, rstd, d[2], d[0], d[1]);
    hash(type + " headNormBackward", d);
  }

  private void rotation(DType type) {
    Heads heads = new Heads(3, 1, 20);
    Tensor fused = tensor(type, 9, ROWS, heads.fusedColumns());
    int[] positions = new int[ROWS];
    Arrays.setAll(positions, r -> (7 * r) % ROWS);
    new Rope(new TestWorkers(2)).rope(fused, heads, positions, tensor(10, ROWS, 20), false);
    hash(type + " rope", fused);
  }

  private void gates(DType type) {
    Gated gated = new Gated(new TestWorkers(2));
    Tensor x = tensor(type, 11, ROWS, 2 * COLUMNS);
    for (Gate gate : Gate.values()) {
      Tensor y = tensor(type, 12, ROWS, COLUMNS);
      gated.gated(gate, x, y);
      Tensor dx = tensor(type, 13, ROWS, 2 * COLUMNS);
      gated.gatedBackward(gate, tensor(type, 14, ROWS, COLUMNS), x, dx);
      hash(type + " gated " + gate, y, dx);
    }
  }

  private void attention(DType type) {
    Segments segments =
        new Segments(
            new int[] {0, 11, 13, 30},
            new int[] {11, 13, 30, 37},
            new int[4],
            new int[] {0, 11, 11, 0});
    for (Heads heads : new Heads[] {new Heads(4, 2, 32), new Heads(3, 1, 20)}) {
      for (AttentionForm form :
          new AttentionForm[] {AttentionCase.plain(heads), new AttentionForm(0.3f, 4, 13)}) {
        AttentionCase attention = new AttentionCase(type, form, heads, segments, 15);
        String what = type + ", " + heads + ", " + form;
        float[][] packed = attention.packed(2);
        hash("attention " + what, packed[0]);
        hash("logSumExp " + what, packed[1]);
        hash("cachedAttention " + what, attention.cached(2, 9, 16));
        float[] dOut = numbers(17, packed[0].length, 1);
        hash("attentionBackward " + what, AttentionBackwardTest.backward(attention, dOut, 2));
      }
    }
  }

  private void head(String name, Gemm gemm, DType dtype) {
    int vocabulary = 150;
    int[] targets = new int[ROWS];
    Arrays.setAll(targets, r -> 3 * r);
    float[] ones = new float[ROWS];
    Arrays.fill(ones, 1);
    Tensor x = tensor(20, ROWS, COLUMNS);
    if (dtype == DType.BF16) {
      Tensor rounded = new Tensor(dtype, x.shape(), MEMORY.allocate(2 * x.size(), 64));
      new Elementwise(WORKERS).copy(x, rounded);
      x = rounded;
    }
    Tensor[] out = {tensor(21, ROWS), tensor(21, ROWS), tensor(21, ROWS)};
    Tensor dx = tensor(21, ROWS, COLUMNS);
    Tensor dHead = tensor(22, vocabulary, COLUMNS);
    Tensor z = tensor(23, ROWS, vocabulary);
    TokenLogprobs logprobs = new TokenLogprobs(WORKERS, gemm);
    try (Gemm.Weight head = gemm.weight(tensor(24, vocabulary, COLUMNS), dtype)) {
      logprobs.tokenLogprobs(head, x, targets, 0, 0.7f, out[0], out[1], out[2]);
      logprobs.tokenLogprobsBackward(
          head, x, targets, 0, 0.7f, out[1], out[2], ones, ones, dx, dHead);
      head.forward(Memory.address(x), ROWS, Memory.address(z), Result.F32_ADDED);
    }
    hash(name + " head", out);
    hash(name + " dHead", dx, dHead);
    hash(name + " logits", z);
    Sampling[] settings = new Sampling[ROWS];
    Arrays.setAll(settings, r -> new Sampling(r % 3, r % 5 * 10, 0.95f, 0.01f, r));
    double[] uniforms = new double[ROWS];
    Arrays.setAll(uniforms, r -> Philox.uniform(25, r));
    float[] drawn = new float[ROWS];
    new TokenSampler(WORKERS).sample(z, settings, uniforms, targets, drawn);
    hash(name + " drawn", drawn);
    hashes.put(name + " tokens", Arrays.hashCode(targets));
  }

  private void optimizer() {
    Tensor[] state = {tensor(30, 999), tensor(31, 999), tensor(32, 999), tensor(33, 999)};
    Elementwise elementwise = new Elementwise(WORKERS);
    hashes.put("sumOfSquares", Double.hashCode(elementwise.sumOfSquares(state[1])));
    elementwise.scale(state[3], 0);
    AdamWStep step = new AdamWStep(1e-2, 0.9, 0.95, 1e-8, 0.1, 3, 0.5);
    new AdamW(WORKERS).adamW(state[0], state[1], state[2], state[3], step);
    hash("adamW", state);
    Tensor[] inBlocks = {
      state[0], state[1], moments(DType.DYNAMIC, 34), moments(DType.UDYNAMIC, 35)
    };
    new AdamW(WORKERS).adamW(state[0], state[1], inBlocks[2], inBlocks[3], step);
    hash("adamW in blocks", inBlocks);
  }

  private static Tensor moments(DType type, long key) {
    float[] numbers = numbers(key, 1024, 0.1);
    for (int i = 0; type == DType.UDYNAMIC && i < numbers.length; i++) {
      numbers[i] *= numbers[i];
    }
    return AttentionCase.tensor(type, numbers, 4, 256);
  }

  private void hash(String name, Tensor... tensors) {
    for (int i = 0; i < tensors.length; i++) {
      hash(name + " " + i, AttentionCase.floats(tensors[i]));
    }
  }

  private void hash(String name, float[] values) {
    hashes.put(name, Arrays.hashCode(values));
  }

  private static Tensor tensor(long key, int... extents) {
    return tensor(DType.F32, key, extents);
  }

  private static Tensor tensor(DType type, long key, int... extents) {
    int size = 1;
    for (int extent : extents) {
      size *= extent;
    }
    return AttentionCase.tensor(type, numbers(key, size, 1), extents);
  }

  private static float[] numbers(long key, int count, double deviation) {
    float[] numbers = new float[count];
    for (int i = 0; i < count; i++) {
      numbers[i] = (float) (deviation * Philox.normal(key, i));
    }
    return numbers;
  }
}
