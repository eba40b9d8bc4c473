package io.whetstone.benchmarks;

import io.whetstone.tensor.AttentionForm;
import io.whetstone.tensor.CachedRows;
import io.whetstone.tensor.DType;
import io.whetstone.tensor.Heads;
import io.whetstone.tensor.KvCache;
import io.whetstone.tensor.Segments;
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
 * Attention of one layer at the shape of Qwen2.5-0.5B (14 query heads, 2 key/value heads of 64).
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
public class AttentionBenchmark {
  private static final Heads HEADS = new Heads(14, 2, 64);
  private static final AttentionForm FORM = new AttentionForm(0.125f, 0, 0);

  @Param({"8", "32"})
  int sequences;

  @Param({"160"})
  int length;

  @Param({"F32", "BF16"})
  DType dtype;

  private Device device;
  private KvCache cache;
  private Segments segments;
  private CachedRows lastRows;
  private Tensor fused;
  private Tensor out;
  private Tensor logSumExp;
  private Tensor dFused;
  private Tensor lastFused;
  private Tensor lastOut;

  @Setup
  public void setUp() {
    device = new Device();
    int rows = sequences * length;
    int[] lengths = new int[sequences];
    Arrays.fill(lengths, length);
    segments = Segments.ofLengths(lengths);
    fused = device.normal(dtype, 1, rows, HEADS.fusedColumns());
    out = device.zeros(dtype, rows, HEADS.outputColumns());
    logSumExp = device.zeros(DType.F32, rows, HEADS.queries());
    dFused = device.zeros(dtype, rows, HEADS.fusedColumns());
    device.backend.attention(fused, HEADS, segments, FORM, out, logSumExp);
    fillCache(rows);
  }

  private void fillCache(int rows) {
    try (KvCache probe = device.backend.kvCache(1, 1, HEADS, dtype)) {
      int size = probe.pageSize();
      int each = Math.ceilDiv(length, size);
      cache = device.backend.kvCache(1, sequences * each, HEADS, dtype);
      int[] slots = new int[rows];
      Arrays.setAll(slots, r -> r / length * each * size + r % length);
      device.backend.cacheStore(fused, HEADS, cache, 0, slots);
      int[][] pages = new int[sequences][each];
      for (int s = 0; s < sequences; s++) {
        int first = s * each;
        Arrays.setAll(pages[s], p -> first + p);
      }
      int[] lengths = new int[sequences];
      Arrays.fill(lengths, length);
      int[] sequence = new int[sequences];
      Arrays.setAll(sequence, s -> s);
      lastRows = new CachedRows(pages, sequence, lengths);
    }
    lastFused = device.normal(dtype, 1, sequences, HEADS.fusedColumns());
    lastOut = device.zeros(dtype, sequences, HEADS.outputColumns());
  }

  @Benchmark
  public Tensor packed() {
    device.backend.attention(fused, HEADS, segments, FORM, out, logSumExp);
    return out;
  }

  @Benchmark
  public Tensor packedBackward() {
    device.backend.attentionBackward(out, fused, HEADS, segments, FORM, out, logSumExp, dFused);
    return dFused;
  }

  @Benchmark
  public Tensor decode() {
    device.backend.cachedAttention(lastFused, HEADS, cache, 0, lastRows, FORM, lastOut);
    return lastOut;
  }

  @TearDown
  public void tearDown() {
    cache.close();
    device.close();
  }
}
