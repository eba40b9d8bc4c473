package io.whetstone.benchmarks;

import io.whetstone.tensor.Backend;
import io.whetstone.tensor.Backends;
import io.whetstone.tensor.DType;
import io.whetstone.tensor.Tensor;
import io.whetstone.tensor.Workspace;
import java.util.SplittableRandom;

/** The backend that is measured ({@code -Dbackend=cpu}), and tensors of random numbers on it. */
final class Device implements AutoCloseable {
  final Backend backend =
      Backends.open(System.getProperty("backend", "cpu"), Integer.getInteger("threads", 0));
  private final Workspace memory = backend.workspace("benchmark");
  private final SplittableRandom random = new SplittableRandom(0);

  /** Normal numbers with that deviation. */
  Tensor normal(DType dtype, double deviation, int... extents) {
    Tensor tensor = memory.zeros(DType.F32, extents);
    float[] numbers = new float[Math.toIntExact(tensor.size())];
    for (int i = 0; i < numbers.length; i++) {
      numbers[i] = (float) (deviation * random.nextGaussian());
    }
    backend.write(tensor, numbers);
    if (dtype == DType.F32) {
      return tensor;
    }
    Tensor rounded = memory.zeros(dtype, extents);
    backend.copy(tensor, rounded);
    return rounded;
  }

  Tensor zeros(DType dtype, int... extents) {
    return memory.zeros(dtype, extents);
  }

  @Override
  public void close() {
    memory.close();
    backend.close();
  }
}
