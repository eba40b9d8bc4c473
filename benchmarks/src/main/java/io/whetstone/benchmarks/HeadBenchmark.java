package io.whetstone.benchmarks;

import io.whetstone.tensor.AdamWStep;
import io.whetstone.tensor.DType;
import io.whetstone.tensor.Linear;
import io.whetstone.tensor.Sampling;
import io.whetstone.tensor.Tensor;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What a vocabulary of 151,936 costs: logprobs, their gradients, drawing, and AdamW on the table.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
public class HeadBenchmark {
  private static final int VOCABULARY = 151_936;
  private static final int HIDDEN = 896;

  @Param({"8", "64"})
  int rows;

  @Param({"F32", "BF16"})
  DType dtype;

  private Device device;
  private Linear head;
  private Tensor weight;
  private Tensor dHead;
  private Tensor m;
  private Tensor v;
  private Tensor x;
  private Tensor dx;
  private Tensor logits;
  private Tensor logprobs;
  private Tensor entropy;
  private Tensor logSumExp;
  private int[] targets;
  private float[] slopes;
  private Sampling[] plain;
  private Sampling[] cut;
  private double[] uniforms;

  @Setup
  public void setUp() {
    device = new Device();
    weight = device.normal(DType.F32, 0.02, VOCABULARY, HIDDEN);
    head = device.backend.linear(weight, dtype);
    dHead = device.normal(DType.F32, 1e-4, VOCABULARY, HIDDEN);
    m = device.zeros(DType.F32, VOCABULARY, HIDDEN);
    v = device.zeros(DType.F32, VOCABULARY, HIDDEN);
    x = device.normal(dtype, 1, rows, HIDDEN);
    dx = device.zeros(DType.F32, rows, HIDDEN);
    logits = device.normal(DType.F32, 1, rows, VOCABULARY);
    logprobs = device.zeros(DType.F32, rows);
    entropy = device.zeros(DType.F32, rows);
    logSumExp = device.zeros(DType.F32, rows);
    targets = new int[rows];
    Arrays.setAll(targets, r -> r * 1013);
    slopes = new float[rows];
    Arrays.fill(slopes, 1e-3f);
    plain = new Sampling[rows];
    Arrays.fill(plain, Sampling.PLAIN);
    cut = new Sampling[rows];
    Arrays.fill(cut, new Sampling(0.8f, 50, 0.95f, 0));
    uniforms = new double[rows];
    Arrays.setAll(uniforms, r -> (r + 0.5) / rows);
    logprobs();
  }

  @Benchmark
  public Tensor logprobs() {
    device.backend.tokenLogprobs(head, x, targets, 1, logprobs, entropy, logSumExp);
    return logprobs;
  }

  @Benchmark
  public Tensor logprobsBackward() {
    device.backend.tokenLogprobsBackward(
        head, x, targets, 1, entropy, logSumExp, slopes, new float[rows], dx, dHead);
    return dx;
  }

  @Benchmark
  public int[] samplePlain() {
    return sample(plain);
  }

  @Benchmark
  public int[] sampleTopKTopP() {
    return sample(cut);
  }

  private int[] sample(Sampling[] how) {
    int[] tokens = new int[rows];
    device.backend.sample(logits, how, uniforms, tokens, new float[rows]);
    return tokens;
  }

  @Benchmark
  public Tensor adamW() {
    device.backend.adamW(weight, dHead, m, v, new AdamWStep(1e-6, 0.9, 0.95, 1e-8, 0, 1000, 1));
    return weight;
  }

  @TearDown
  public void tearDown() {
    head.close();
    device.close();
  }
}
