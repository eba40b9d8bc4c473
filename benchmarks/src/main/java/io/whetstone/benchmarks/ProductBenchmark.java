package io.whetstone.benchmarks;

import io.whetstone.tensor.DType;
import io.whetstone.tensor.Linear;
import io.whetstone.tensor.Tensor;
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
 * Products with a weight [out, in], at the shapes of Qwen2.5-0.5B: y = x Wᵀ, dx = dy W, dW += dyᵀ
 * x. A product of R rows is 2 · R · in · out operations and reads in · out · (2 or 4) bytes of
 * weight.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
public class ProductBenchmark {
  @Param({"896x1152", "896x896", "896x9728", "4864x896", "896x151936"})
  String shape;

  @Param({"1", "8", "32", "64", "512"})
  int rows;

  @Param({"F32", "BF16"})
  DType dtype;

  private Device device;
  private Linear linear;
  private Tensor x;
  private Tensor y;
  private Tensor dx;
  private Tensor dw;

  @Setup
  public void setUp() {
    int in = Integer.parseInt(shape.split("x")[0]);
    int out = Integer.parseInt(shape.split("x")[1]);
    device = new Device();
    linear = device.backend.linear(device.normal(DType.F32, 0.02, out, in), dtype);
    x = device.normal(dtype, 1, rows, in);
    y = device.zeros(dtype, rows, out);
    dx = device.zeros(dtype, rows, in);
    dw = device.zeros(DType.F32, out, in);
  }

  @Benchmark
  public Tensor forward() {
    device.backend.linearForward(linear, x, y, false);
    return y;
  }

  @Benchmark
  public Tensor inputGradient() {
    device.backend.linearBackwardInput(linear, y, dx, false);
    return dx;
  }

  @Benchmark
  public Tensor weightGradient() {
    device.backend.linearBackwardWeight(x, y, dw);
    return dw;
  }

  @TearDown
  public void tearDown() {
    linear.close();
    device.close();
  }
}
