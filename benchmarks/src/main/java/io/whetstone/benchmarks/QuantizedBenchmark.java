package io.whetstone.benchmarks;

import io.whetstone.tensor.DType;
import io.whetstone.tensor.Linear;
import io.whetstone.tensor.Tensor;
import io.whetstone.tensor.Workspace;
import java.util.ArrayList;
import java.util.List;
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
 * Products with all weights of 12 layers of Qwen3-0.6B, one after the other, so that they come from
 * memory as they do in a model; quantised ones beside those of BF16. A layer has 15.7 million
 * weights.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
public class QuantizedBenchmark {
  private static final int LAYERS = 12;

  /** Of a layer: inputs and outputs. */
  private static final int[][] SHAPES = {{1024, 4096}, {2048, 1024}, {1024, 6144}, {3072, 1024}};

  @Param({"BF16", "Q8_0", "Q6_K", "Q4_K"})
  DType type;

  @Param({"1", "8", "32", "512"})
  int rows;

  @Param({"BF16"})
  DType compute;

  private record Product(Linear linear, Tensor x, Tensor y) {}

  private Device device;
  private Workspace memory;
  private final List<Product> products = new ArrayList<>();

  @Setup
  public void setUp() {
    device = new Device();
    memory = device.backend.workspace("weights");
    for (int[] shape : SHAPES) {
      int in = shape[0];
      Tensor numbers = device.normal(DType.F32, 0.02, shape[1], in);
      Tensor first = memory.zeros(type, shape[1], in);
      device.backend.write(first, device.backend.readFloats(numbers));
      Tensor x = device.normal(compute, 1, rows, in);
      Tensor y = device.zeros(compute, rows, shape[1]);
      for (int layer = 0; layer < LAYERS; layer++) {
        Tensor weight = memory.zeros(type, shape[1], in);
        device.backend.copy(first, weight);
        products.add(new Product(device.backend.linear(weight, compute), x, y));
      }
    }
  }

  @Benchmark
  public void forward() {
    for (int i = 0; i < products.size(); i++) {
      Product product = products.get(i % SHAPES.length * LAYERS + i / SHAPES.length);
      device.backend.linearForward(product.linear, product.x, product.y, false);
    }
  }

  @Benchmark
  public void inputGradient() {
    for (int i = 0; i < products.size(); i++) {
      Product product = products.get(i % SHAPES.length * LAYERS + i / SHAPES.length);
      device.backend.linearBackwardInput(product.linear, product.y, product.x, false);
    }
  }

  @TearDown
  public void tearDown() {
    products.forEach(product -> product.linear.close());
    memory.close();
    device.close();
  }
}
